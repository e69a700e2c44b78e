// interfaces: lo is up, with 127.0.0.1/8 and ::1, by ioctl(2) on sockets and sysfs. man 7 netdevice.
#include <arpa/inet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "check.h"

static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

// What every socket answers.
static void check_any(int fd) {
  static const unsigned long requests[] = {SIOCGIFINDEX,  SIOCGIFFLAGS, SIOCGIFMTU,   SIOCGIFHWADDR,
                                           SIOCGIFMETRIC, SIOCGIFMAP,   SIOCGIFTXQLEN};
  for (size_t i = 0; i < COUNT(requests); i++) {
    struct ifreq lo = {.ifr_name = "lo"}, alias = {.ifr_name = "lo:1"},
                 none = {.ifr_name = "none9"}, unnamed = {.ifr_name = ""};
    CHECK_EQ(ioctl(fd, requests[i], &lo), 0);
    CHECK(strcmp(lo.ifr_name, "lo") == 0);
    if (requests[i] == SIOCGIFINDEX) CHECK_EQ(lo.ifr_ifindex, 1);
    if (requests[i] == SIOCGIFFLAGS) CHECK_EQ(lo.ifr_flags, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
    if (requests[i] == SIOCGIFMTU) CHECK_EQ(lo.ifr_mtu, 65536);
    if (requests[i] == SIOCGIFHWADDR) CHECK_EQ(lo.ifr_hwaddr.sa_family, ARPHRD_LOOPBACK);
    CHECK_EQ(ioctl(fd, requests[i], &alias), 0);
    CHECK_ERRNO(ioctl(fd, requests[i], &none), ENODEV);
    CHECK_ERRNO(ioctl(fd, requests[i], &unnamed), ENODEV);
    CHECK_ERRNO(ioctl(fd, requests[i], (void *)8), EFAULT);
  }
  struct ifreq first = {.ifr_ifindex = 1}, none = {.ifr_ifindex = 0x7000001},
               lo = {.ifr_name = "lo"};
  CHECK_EQ(ioctl(fd, SIOCGIFNAME, &first), 0);
  CHECK(strcmp(first.ifr_name, "lo") == 0);
  CHECK_ERRNO(ioctl(fd, SIOCGIFNAME, &none), ENODEV);
  CHECK_ERRNO(ioctl(fd, SIOCGIFSLAVE, &lo), EINVAL);
}

static void check_list(int fd) {
  struct ifreq list[64];
  struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list}, size = {.ifc_len = 0},
                small = {.ifc_len = sizeof(list[0]) - 1, .ifc_req = list};
  CHECK_EQ(ioctl(fd, SIOCGIFCONF, &size), 0);
  CHECK(size.ifc_len >= (int)sizeof(list[0]) && size.ifc_len % (int)sizeof(list[0]) == 0);
  CHECK_EQ(ioctl(fd, SIOCGIFCONF, &all), 0);
  CHECK_EQ(all.ifc_len, size.ifc_len);
  struct sockaddr_in *address = (struct sockaddr_in *)&list[0].ifr_addr;
  CHECK(strcmp(list[0].ifr_name, "lo") == 0);
  CHECK_EQ(address->sin_family, AF_INET);
  CHECK_EQ(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
  CHECK_EQ(ioctl(fd, SIOCGIFCONF, &small), 0);
  CHECK_EQ(small.ifc_len, 0);
  CHECK_ERRNO(ioctl(fd, SIOCGIFCONF, (void *)8), EFAULT);
}

// Addresses belong to IPv4 sockets.
static void check_addresses(int fd, int family) {
  static const struct {
    unsigned long request;
    uint32_t address;
  } rows[] = {{SIOCGIFADDR, INADDR_LOOPBACK},
              {SIOCGIFDSTADDR, INADDR_LOOPBACK},
              {SIOCGIFNETMASK, 0xff000000},
              {SIOCGIFBRDADDR, 0}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct ifreq lo = {.ifr_name = "lo"}, alias = {.ifr_name = "lo:1"},
                 none = {.ifr_name = "none9"};
    if (family != AF_INET) {
      CHECK_ERRNO(ioctl(fd, rows[i].request, &lo), ENOTTY);
      continue;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)&lo.ifr_addr;
    CHECK_EQ(ioctl(fd, rows[i].request, &lo), 0);
    CHECK_EQ(address->sin_family, AF_INET);
    CHECK_EQ(address->sin_port, 0);
    CHECK_EQ(ntohl(address->sin_addr.s_addr), rows[i].address);
    CHECK_ERRNO(ioctl(fd, rows[i].request, &alias), EADDRNOTAVAIL);
    CHECK_ERRNO(ioctl(fd, rows[i].request, &none), ENODEV);
    CHECK_ERRNO(ioctl(fd, rows[i].request, (void *)8), EFAULT);
  }
}

// Nobody without CAP_NET_ADMIN changes an interface.
static void check_changes(void) {
  pid_t child = fork();
  if (child == 0) {
    CHECK(geteuid() != 0 || setuid(12345) == 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq lo = {.ifr_name = "lo", .ifr_mtu = 1500};
    CHECK_ERRNO(ioctl(fd, SIOCSIFMTU, &lo), EPERM);
    CHECK_ERRNO(ioctl(fd, SIOCSIFFLAGS, &lo), EPERM);
    CHECK_ERRNO(ioctl(fd, SIOCSIFADDR, &lo), EPERM);
    CHECK_ERRNO(ioctl(fd, SIOCSIFHWADDR, &lo), EPERM);
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &lo), EPERM);
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

static void check_sysfs(void) {
  static const char *const rows[][2] = {{"address", "00:00:00:00:00:00\n"},
                                        {"mtu", "65536\n"},
                                        {"operstate", "unknown\n"},
                                        {"carrier", "1\n"},
                                        {"flags", "0x9\n"},
                                        {"ifindex", "1\n"},
                                        {"type", "772\n"},
                                        {"tx_queue_len", "1000\n"},
                                        {"addr_len", "6\n"},
                                        {"uevent", "INTERFACE=lo\nIFINDEX=1\n"}};
  char path[128], text[128];
  if (access("/sys/class/net", F_OK) != 0) return;
  for (size_t i = 0; i < COUNT(rows); i++) {
    snprintf(path, sizeof(path), "/sys/class/net/lo/%s", rows[i][0]);
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t length = read(fd, text, sizeof(text) - 1);
    CHECK_EQ(length, (ssize_t)strlen(rows[i][1]));
    CHECK(length >= 0 && memcmp(text, rows[i][1], length) == 0);
    close(fd);
  }
  CHECK(access("/sys/class/net/lo/statistics/rx_bytes", R_OK) == 0);
  CHECK(access("/sys/class/net/lo/queues/rx-0", F_OK) == 0);
  int fd = open("/sys/class/net/lo/speed", O_RDONLY);
  CHECK_ERRNO(read(fd, text, 1), EINVAL);
  close(fd);
}

int main(void) {
  for (size_t i = 0; i < COUNT(families); i++) {
    int fd = socket(families[i], SOCK_DGRAM, 0);
    CHECK(fd >= 0);
    check_any(fd);
    check_list(fd);
    check_addresses(fd, families[i]);
    close(fd);
  }
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  struct ifreq lo = {.ifr_name = "lo"};
  CHECK_ERRNO(ioctl(ends[0], SIOCGIFINDEX, &lo), ENOTTY);
  check_changes();
  check_sysfs();
  return finish();
}
