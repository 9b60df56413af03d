"""The front as a whole: three functions, each with a right of its own, behind one API."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from contracts.layout import FRONT_LABELS_FOLDER
from contracts.metrics import FEATURES_MISSING
from contracts.names import Names
from contracts.pipeline_config import FILE_NAME
from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.features import FeatureStore
from infra_cdk.front.api import Api
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction
from infra_cdk.models.serving import Serving
from infra_cdk.monitoring.notifications import Notifications

# More memory brings more of a processor, and these are waited for. API Gateway gives up after 29 seconds.
SIZE = FunctionSize(memory_mib=512, timeout_seconds=28)
AUTHORISING = FunctionSize(memory_mib=512, timeout_seconds=10)
ERRORS_WITHIN = cdk.Duration.minutes(5)


class Front(Construct):
    """Predictions and labels have a role each: what reads may invoke the endpoint and nothing else, what
    takes labels may lay them down and nothing else, and what looks at tokens may do nothing at all."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        settings: SettingsSource,
        storage: Storage,
        serving: Serving,
        notifications: Notifications,
        features: FeatureStore | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        config, has_tokens = context.config.front, context.config.front.auth == "jwt"
        code = zip_code(context.root, ("Predict", "AcceptLabels"), files=(FILE_NAME,))
        settings = settings.having(
            # Where Lambda unpacks the zip (Lambda Developer Guide, LAMBDA_TASK_ROOT).
            pipeline_config_path=f"/var/task/{FILE_NAME}",
            predict_scope=config.predict_scope,
            labels_scope=config.labels_scope,
            stage_name=context.stage.name,
            token_audiences=" ".join(config.audiences),
            token_issuer=config.issuer,
        )

        def function(state: str, size: FunctionSize) -> PipelineFunction:
            found = zip_code(context.root, (state,)) if state == "AuthorizeCaller" else code
            settings_of = settings.settings_of(state)
            return PipelineFunction(self, state, context, code=found, settings=settings_of, size=size)

        self.predict = function("Predict", SIZE)
        serving.allow(self.predict.role, "InvokeEndpoint")
        if features:
            features.allow_reading(self.predict.role)
        self.accept_labels = function("AcceptLabels", SIZE)
        storage.allow_adding_uploads(self.accept_labels.role, f"{FRONT_LABELS_FOLDER}*")
        self.authorize_caller = function("AuthorizeCaller", AUTHORISING) if has_tokens else None
        self.api = Api(
            self,
            "Api",
            names=context.names,
            config=config,
            predict=self.predict,
            accept_labels=self.accept_labels,
            authorize_caller=self.authorize_caller,
        )
        self._watch(context.names, notifications)
        if features:
            self._watch_features(context.names, notifications)

    def _watch_features(self, names: Names, notifications: Notifications) -> None:
        missing = cloudwatch.Metric(
            namespace=names.metric_namespace,
            metric_name=FEATURES_MISSING,
            statistic="Sum",
            period=ERRORS_WITHIN,
        )
        alarm = cloudwatch.Alarm(
            self,
            "FeaturesMissing",
            alarm_name=f"{names.prefix}-FeaturesMissing",
            alarm_description="Entities that are asked for have no features, or stale ones. "
            "Runbook: docs/runbook.md#featuresmissing",
            metric=missing,
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=3,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(notifications.topic))

    def _watch(self, names: Names, notifications: Notifications) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "Errors",
            alarm_name=f"{names.prefix}-FrontErrors",
            alarm_description="The front answers with server errors. Runbook: docs/runbook.md#fronterrors",
            metric=self.api.rest_api.metric_server_error(statistic="Sum", period=ERRORS_WITHIN),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(notifications.topic))
