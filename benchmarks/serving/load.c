/* A load generator that takes little of the processor it shares with the server.
 *
 *   load PORT CONNECTIONS SECONDS RATE < request
 *
 * Sends the same HTTP/1.1 request over every connection. RATE 0: each connection asks again as soon as it is
 * answered. RATE r: r requests a second in all, spaced evenly over idle connections, and a latency counts from
 * the moment the request was due. Prints one JSON object; latencies are in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 4000000
#define RESPONSE (1 << 22)

typedef struct {
    int fd, busy;
    size_t sent, got, want;
    double began;
    char *in;
} peer;

static char request[1 << 24];
static size_t request_length;
static uint32_t histogram[BUCKETS];
static long answered, failed, missed;
static int epoll;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int dial(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void watch(peer *p, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = p};
    epoll_ctl(epoll, how, p->fd, &event);
}

static void push(peer *p) {
    while (p->sent < request_length) {
        ssize_t n = send(p->fd, request + p->sent, request_length - p->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;
        }
        if (n <= 0) {
            fprintf(stderr, "the server hung up while it was being asked\n");
            exit(1);
        }
        p->sent += (size_t)n;
    }
    if (request_length > 65536) watch(p, EPOLLIN, EPOLL_CTL_MOD);
}

static void ask(peer *p, double due) {
    p->busy = 1;
    p->sent = p->got = p->want = 0;
    p->began = due;
    push(p);
}

/* Whether the whole response is here: its head, and as much body as content-length or chunks say. */
static int complete(peer *p) {
    if (p->want) return p->got >= p->want;
    p->in[p->got] = 0;
    char *end = strstr(p->in, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(p->in, "content-length:");
    if (length && length < end) {
        p->want = (size_t)(end - p->in) + 4 + strtoul(length + 15, NULL, 10);
        return p->got >= p->want;
    }
    return p->got >= 5 && !memcmp(p->in + p->got - 5, "0\r\n\r\n", 5);
}

static int receive(peer *p) {
    ssize_t n = recv(p->fd, p->in + p->got, RESPONSE - p->got - 1, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    if (n <= 0) {
        fprintf(stderr, "the server hung up before it answered\n");
        exit(1);
    }
    p->got += (size_t)n;
    if (!complete(p)) return 0;
    double took = now() - p->began;
    histogram[took < BUCKETS - 1 ? (uint32_t)took : BUCKETS - 1]++;
    answered++;
    failed += memcmp(p->in + 9, "200", 3) != 0;
    p->busy = 0;
    return 1;
}

static long percentile(double share) {
    long seen = 0, wanted = (long)(share * (double)answered);
    for (long i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > wanted) return i;
    return BUCKETS;
}

int main(int count, char **words) {
    if (count != 5) return fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS RATE < request\n"), 2;
    int port = atoi(words[1]), connections = atoi(words[2]);
    double seconds = atof(words[3]), rate = atof(words[4]), due = 0;
    request_length = fread(request, 1, sizeof request, stdin);
    epoll = epoll_create1(0);
    peer *peers = calloc((size_t)connections, sizeof *peers), timer = {0};
    for (int i = 0; i < connections; i++) {
        peers[i].fd = dial(port);
        peers[i].in = malloc(RESPONSE);
        watch(peers + i, EPOLLIN, EPOLL_CTL_ADD);
    }
    double began = now(), stop = began + seconds * 1e6;
    int next = 0;
    if (rate > 0) {
        long gap = (long)(1e9 / rate);
        struct itimerspec every = {.it_interval = {gap / 1000000000, gap % 1000000000},
                                   .it_value = {gap / 1000000000, gap % 1000000000}};
        timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        timerfd_settime(timer.fd, 0, &every, NULL);
        watch(&timer, EPOLLIN, EPOLL_CTL_ADD);
        due = began;
    } else
        for (int i = 0; i < connections; i++) ask(peers + i, now());
    struct epoll_event events[256];
    while (now() < stop) {
        int ready = epoll_wait(epoll, events, 256, 100);
        for (int i = 0; i < ready; i++) {
            peer *p = events[i].data.ptr;
            if (p == &timer) {
                uint64_t ticks = 0;
                if (read(timer.fd, &ticks, sizeof ticks) != sizeof ticks) continue;
                for (; ticks; ticks--) {
                    due += 1e6 / rate;
                    int tried = 0;
                    while (peers[next].busy && tried++ < connections) next = (next + 1) % connections;
                    if (peers[next].busy)
                        missed++;
                    else
                        ask(peers + next, due);
                    next = (next + 1) % connections;
                }
                continue;
            }
            if (p->busy && p->sent < request_length) push(p);
            if (p->busy && receive(p) && rate <= 0) ask(p, now());
        }
    }
    double took = (now() - began) / 1e6;
    printf("{\"requests\": %ld, \"failed\": %ld, \"missed\": %ld, \"per_second\": %.1f, \"p50_us\": %ld, "
           "\"p99_us\": %ld, \"max_us\": %ld}\n",
           answered, failed, missed, (double)answered / took, percentile(0.5), percentile(0.99),
           percentile(0.9999999));
    return 0;
}
