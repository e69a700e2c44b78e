// Options of a kernel's machine, for the command alone: src/machine has the library's.

import type {KernelOptions} from '../../machine/kernel/kernel-options.ts'
import type {Card} from '../machine-network.ts'
import {existingShare, parseNet} from './parse-devices.ts'
import {existing} from './parse-values.ts'
import {choice, each, type Rows} from './row.ts'

/** Host paths are absolute. */
export interface MachineOptions
  extends Partial<Pick<KernelOptions, 'kernel' | 'initrd' | 'append' | 'console' | 'shares'>> {
  /** The directory of the kernel's modules, for a program; default: the one that belongs to a kernel with its name. */
  modules?: string
  /** The other ends of its network cards' cables. */
  net?: readonly Card[]
  /** Boots again when the kernel resets its machine. */
  reboots?: boolean
}

const OF_KERNEL = {
  commands: ['run'],
  needsKernel: {message: 'is for a kernel', nextStep: 'give --kernel'},
} as const

export const machineRows: Rows<MachineOptions> = {
  kernel: {
    flag: '--kernel FILE',
    summary:
      'boot this kernel in a machine of its own: a bzImage, vmlinuz or vmlinux, an Image of arm64, or a Multiboot kernel',
    commands: ['run'],
    parse: (text) => existing(text, '--kernel', false),
  },
  initrd: {
    ...OF_KERNEL,
    flag: '--initrd FILE',
    summary: "the kernel's initramfs; a Multiboot kernel's module",
    parse: (text) => existing(text, '--initrd', false),
    unfit: {'kernel-program': true},
  },
  modules: {
    ...OF_KERNEL,
    flag: '--modules DIR',
    summary:
      "with --kernel and --root, --image or --with-libs: the kernel's modules; default: /lib/modules/RELEASE, for a kernel named vmlinuz-RELEASE",
    parse: (text) => existing(text, '--modules', true),
    unfit: {
      kernel: {
        message: '`modules` is for a program that `kernel` runs',
        nextStep: 'give `root`, `image` or `withLibraries`, too',
      },
    },
  },
  shares: {
    ...OF_KERNEL,
    needsKernel: {
      message: 'is for a machine of its own',
      nextStep: 'give --kernel, or --volume for a program',
    },
    flag: '--share DIR:TAG[:ro|rw][:9p]',
    summary:
      'a host directory for the kernel to mount, ro (the default) or rw: mount -t virtiofs TAG PLACE, or with :9p over 9P; may be repeated',
    ...each(existingShare),
  },
  append: {
    ...OF_KERNEL,
    flag: '--append TEXT',
    summary: "kernel parameters, after hv's own (console=… panic=-1)",
  },
  console: {
    ...OF_KERNEL,
    flag: '--console KIND',
    summary:
      'what standard input and output are to the kernel: its serial line, or a virtio console (needs virtio_console); default: serial',
    ...choice(['serial', 'hvc0']),
    unfit: {'kernel-program': true},
  },
  net: {
    ...OF_KERNEL,
    flag: '--net unix:PATH|tap:NAME[,ip=ADDRESS/BITS][,gateway=ADDRESS][,iops=N][,bps=SIZE]',
    summary:
      "with --kernel: a network card whose cable leads to this socket, such as passt(1)'s, or to this TAP interface, and at most how many frames and bytes per second pass in each direction; ip and gateway: in the machine of a program, default: by the socket or the interface; may be repeated; default: none",
    ...each(parseNet),
  },
  reboots: {
    ...OF_KERNEL,
    flag: '--reboot',
    summary:
      'with --kernel: boot again when the kernel resets the machine, also after a panic; default: end with status 1',
    unfit: {'kernel-program': true},
  },
}
