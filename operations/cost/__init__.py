"""What a stage costs, forecast from its template before it is deployed."""
