#!/bin/sh
# The first process of a machine that hv boots in a bed: loads modules, does what the kernel's parameter `hv.do` says, switches off.

export PATH=/bin:/usr/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

while read -r module; do
  insmod "/modules/$module" || echo "machine: insmod $module failed"
done </modules/order

echo "machine: $(uname -srm), $(nproc) CPUs"
script=$(sed -n 's/.*hv\.do=\([^ ]*\).*/\1/p' /proc/cmdline)
sh -c "$(echo "$script" | base64 -d)"
echo "machine: status $?"
poweroff -f
