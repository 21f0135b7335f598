// SPDX-License-Identifier: Apache-2.0
//
// Ordinary sockets of this process, for programs that look sockets up. They are known by a number, and close with it.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "oracle.h"

#define MOST 64

static int opened[MOST], count;

static void keep(int descriptor)
{
  if (descriptor < 0 || count == MOST) {
    answer(-errno);
    return;
  }
  opened[count] = descriptor;
  answer(count++);
}

static socklen_t address_of(const char *text, const char *port, struct sockaddr_storage *to)
{
  struct sockaddr_in *four = (void *)to;
  struct sockaddr_in6 *six = (void *)to;

  memset(to, 0, sizeof(*to));
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(atoi(port));
    return sizeof(*four);
  }
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(atoi(port));
  return inet_pton(AF_INET6, text, &six->sin6_addr) == 1 ? sizeof(*six) : 0;
}

static int set(int descriptor, const char *name, const char *value)
{
  int number = atoi(value);

  if (strcmp(name, "dev") == 0)
    return setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, value, strlen(value));
  if (strcmp(name, "v6only") == 0)
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &number, sizeof(number));
  return setsockopt(descriptor, SOL_SOCKET,
                    strcmp(name, "mark") == 0        ? SO_MARK
                    : strcmp(name, "priority") == 0  ? SO_PRIORITY
                    : strcmp(name, "reuseport") == 0 ? SO_REUSEPORT
                                                     : SO_REUSEADDR,
                    &number, sizeof(number));
}

/* tcp|udp ADDRESS PORT listen|wait, or tcp|udp ADDRESS PORT ADDRESS PORT; then options by pairs. */
static void open_socket(int words, char **word)
{
  struct sockaddr_storage local, remote;
  int tcp = strcmp(word[0], "tcp") == 0, connects = strchr("0123456789:", word[3][0]) != NULL;
  socklen_t length = address_of(word[1], word[2], &local), far = 0;
  int descriptor = socket(local.ss_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
  struct timeval patience = {.tv_sec = 5};

  if (connects)
    far = address_of(word[3], word[4], &remote);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  for (int i = connects ? 5 : 4; i + 1 < words; i += 2)
    if (set(descriptor, word[i], word[i + 1]) < 0)
      goto fail;
  if (bind(descriptor, (void *)&local, length) < 0)
    goto fail;
  if (connects ? connect(descriptor, (void *)&remote, far) < 0 : tcp && listen(descriptor, 8) < 0)
    goto fail;
  keep(descriptor);
  return;
fail:
  answer(-errno);
  close(descriptor);
}

/* open …, accept LISTENER, shut SOCKET, close SOCKET. */
void socket_call(int words, char **word)
{
  int number = words > 1 ? atoi(word[1]) : -1;

  if (strcmp(word[0], "open") == 0 && words >= 5)
    open_socket(words - 1, word + 1);
  else if (number < 0 || number >= count)
    answer(-EINVAL);
  else if (strcmp(word[0], "accept") == 0)
    keep(accept(opened[number], NULL, NULL));
  else if (strcmp(word[0], "shut") == 0)
    answer(shutdown(opened[number], SHUT_WR) < 0 ? -errno : 0);
  else if (strcmp(word[0], "close") == 0)
    answer(close(opened[number]) < 0 ? -errno : 0);
  else
    answer(-EINVAL);
}
