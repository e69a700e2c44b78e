// /dev/kvm: whether it exists and this process may open it, and if not, for which of five reasons.

import type {Stats} from 'node:fs'
import {getSystemErrorName} from 'node:util'
import {EACCES, EBUSY, ENODEV, ENOENT, ENXIO, EPERM} from '../abi/errno.ts'
import {type Check, type Facts, KVM_DEVICE} from './facts.ts'
import type {Finding} from './finding.ts'
import type {Host} from './host.ts'

const GROUP_READ_WRITE = 0o060
const OTHER_READ_WRITE = 0o006
const PERMISSION_BITS = 0o777

type Diagnosis = Pick<Finding, 'detail' | 'fix'>

export const checkKvmDevice: Check = (facts) => {
  const {openErrno} = facts.kvm
  const subject = {id: 'kvm-device', title: KVM_DEVICE}
  const evidence = `open(${KVM_DEVICE}, O_RDWR): ${errnoName(openErrno)}${modeOf(facts)}`
  if (openErrno === 0) return {...subject, status: 'ok', detail: 'It is there and can be opened.', evidence}
  return {...subject, status: 'fail', ...diagnose(facts), evidence}
}

export function errnoName(errno: number): string {
  return errno === 0 ? 'success' : getSystemErrorName(-errno)
}

function diagnose(facts: Facts): Diagnosis {
  const {openErrno} = facts.kvm
  switch (openErrno) {
    case ENOENT:
      return missing(facts)
    case EACCES:
      return notPermitted(facts)
    case EPERM:
      return keptAway(facts)
    case ENXIO:
    case ENODEV:
      return nothingBehind(facts)
    case EBUSY:
      return {
        detail: 'Another process has it for itself.',
        fix: `stop it: \`sudo fuser -v ${KVM_DEVICE}\` names it`,
      }
    default:
      return {
        detail: `It cannot be opened (${errnoName(openErrno)}).`,
        fix: 'look for the reason with `sudo dmesg | grep -i kvm`',
      }
  }
}

function missing({host, surroundings}: Facts): Diagnosis {
  if (surroundings.container) {
    return {
      detail: `It does not exist in this ${surroundings.container} container.`,
      fix: `start the container with \`--device ${KVM_DEVICE}\``,
    }
  }
  if (surroundings.isWsl) {
    return {
      detail: 'It does not exist: WSL 2 has it when nested virtualization is on.',
      fix: 'write `nestedVirtualization=true` under [wsl2] in %UserProfile%\\.wslconfig, then `wsl --shutdown`',
    }
  }
  const number = driverNumber(host)
  if (number) {
    return {
      detail: 'The driver is loaded, but its device node does not exist.',
      fix: `make it: \`sudo mknod ${KVM_DEVICE} c ${number}\``,
    }
  }
  return {detail: 'It does not exist.', fix: 'start KVM: see kernel-modules and firmware'}
}

function nothingBehind({host}: Facts): Diagnosis {
  const number = driverNumber(host)
  if (!number) {
    return {
      detail: 'The device node is there, but no driver is behind it.',
      fix: 'start KVM: see kernel-modules and firmware',
    }
  }
  return {
    detail: "The device node does not have the driver's number.",
    fix: `make it again: \`sudo rm ${KVM_DEVICE} && sudo mknod ${KVM_DEVICE} c ${number}\``,
  }
}

/** Major and minor number, as mknod(1) takes them. */
function driverNumber(host: Host): string | undefined {
  return host.read('/sys/class/misc/kvm/dev')?.trim().replace(':', ' ')
}

/** EACCES: because of the permission bits, or of a security module where the bits would allow it. */
function notPermitted({host, surroundings}: Facts): Diagnosis {
  const stat = host.stat(KVM_DEVICE)
  const mayByBits = stat && (host.uid === 0 || (stat.mode & OTHER_READ_WRITE) === OTHER_READ_WRITE)
  if (mayByBits) {
    return {
      detail: 'The permission bits allow it, so a security module (AppArmor, SELinux) denies it.',
      fix: 'allow it in the profile that `sudo dmesg | grep -i denied` names',
    }
  }
  const detail = `User ${host.user} has no permission to open it.`
  const group = stat && host.group(stat.gid)
  if (surroundings.container) {
    const byGroup = stat && isForGroup(stat) ? ` --group-add ${stat.gid}` : ''
    const command = `\`--device ${KVM_DEVICE}${byGroup}\``
    return {detail, fix: `start the container with ${command}${byGroup ? '' : ', and hv in it as root'}`}
  }
  if (stat && isForGroup(stat) && group?.members.includes(host.user) && !host.groups.includes(stat.gid)) {
    return {
      detail: `User ${host.user} is in group ${group.name}, but logged in before that.`,
      fix: `log out and in again, or \`newgrp ${group.name}\``,
    }
  }
  return {detail, fix: letIn(host, stat)}
}

/** No user should join root's group. */
function isForGroup({mode, gid}: Stats): boolean {
  return gid !== 0 && (mode & GROUP_READ_WRITE) === GROUP_READ_WRITE
}

/** Lets the user in through the group that the device has, or may get; without such a group, lets in this user alone. */
function letIn(host: Host, stat: Stats | undefined): string {
  const own = stat && isForGroup(stat) ? host.group(stat.gid) : undefined
  const group = own ?? host.group('kvm')
  if (group && host.isUserKnown) {
    const steps = [
      ...(own ? [] : [`sudo chgrp ${group.name} ${KVM_DEVICE}`, `sudo chmod 0660 ${KVM_DEVICE}`]),
      ...(group.members.includes(host.user) ? [] : [`sudo usermod -aG ${group.name} ${host.user}`]),
    ]
    const lasting = own
      ? ''
      : `; for good, a udev rule: \`KERNEL=="kvm", GROUP="${group.name}", MODE="0660"\``
    return `join group ${group.name}: \`${steps.join(' && ')}\`, then log out and in again${lasting}`
  }
  const hasAcl = ['/usr/bin/setfacl', '/bin/setfacl'].some((path) => host.exists(path))
  const command = hasAcl
    ? `sudo setfacl -m u:${host.uid}:rw ${KVM_DEVICE}`
    : `sudo chown ${host.uid} ${KVM_DEVICE} && sudo chmod u+rw ${KVM_DEVICE}`
  return `let this user in, until the next start: \`${command}\``
}

/** EPERM: because of the cgroup's device list, not the permission bits. */
function keptAway({surroundings}: Facts): Diagnosis {
  const detail =
    'The permission bits do not matter here: the cgroup of this process does not allow the device.'
  return surroundings.container
    ? {
        detail,
        fix: `start the container with \`--device ${KVM_DEVICE}\`; a node made inside it does not help`,
      }
    : {detail, fix: `allow it in the service that started this process: \`DeviceAllow=${KVM_DEVICE} rw\``}
}

function modeOf({host}: Facts): string {
  const stat = host.stat(KVM_DEVICE)
  if (!stat) return ''
  const group = host.group(stat.gid)?.name ?? stat.gid
  return `; mode 0${(stat.mode & PERMISSION_BITS).toString(8)}, owner ${stat.uid}, group ${group}`
}
