/* The floor: an epoll server that reads an HTTP request and answers with a fixed body. `floor PORT`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (1 << 22)

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 18\r\n\r\n431209.5060241526\n";

typedef struct {
    int fd;
    size_t got;
    char *in;
} peer;

static size_t request_length(const char *in, size_t got) {
    const char *end = memmem(in, got, "\r\n\r\n", 4);
    if (!end) return 0;
    const char *length = strcasestr(in, "content-length:");
    return (size_t)(end - in) + 4 + (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
}

int main(int count, char **words) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(count > 1 ? atoi(words[1]) : 0))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, epoll = epoll_create1(0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 512)) return perror("bind"), 1;
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            peer *p = events[i].data.ptr;
            if (!p) {
                p = calloc(1, sizeof *p);
                p->in = malloc(ROOM);
                p->fd = accept(listener, NULL, NULL);
                setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.ptr = p;
                epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &event);
                continue;
            }
            ssize_t n = recv(p->fd, p->in + p->got, ROOM - p->got - 1, 0);
            if (n <= 0) {
                close(p->fd);
                free(p->in);
                free(p);
                continue;
            }
            p->in[p->got += (size_t)n] = 0;
            size_t whole = request_length(p->in, p->got);
            if (!whole || p->got < whole) continue;
            p->got = 0;
            if (send(p->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) perror("send");
        }
    }
}
