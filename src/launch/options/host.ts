// Options of the host's side: the platform that runs a guest, the jail, and the rights that hv's own process keeps.

import {MAX_ID} from '../../abi/ids.ts'
import {JAIL_CHOICES, type JailChoice} from '../../jail/layer.ts'
import {PLATFORM_CHOICES, type PlatformChoice} from '../../platform/choice.ts'
import {PATCH_CHOICES, type PatchChoice} from '../../sentry/call/patch-choice.ts'
import {chooseJail, existing, fromHere, parseIdentity} from './parse-values.ts'
import {choice, FOR_SENTRY, type Rows} from './row.ts'

export interface HostOptions {
  /**
   * Where traps are slow, as on PVM hosts, call instructions of programs are replaced with jumps. `auto`, the default: those that trap
   * often; `always`: each at its first trap; `never`: none. A program that reads its own code sees the jumps.
   */
  patchCalls?: PatchChoice
  /** What runs the guests. `auto`, the default: KVM if it works here, else ptrace. */
  platform?: PlatformChoice
  /**
   * How the sandbox's process is confined before it reads a byte of a program. `best`, the default: each layer that this host lets it have
   * (`sandbox.jail` lists them); `required`: all that it has, or JAIL_INCOMPLETE; `none`: no layer. A thread has no jail. A user's jail has a
   * user namespace, in which files that are not that user's belong to 65534.
   */
  jail?: JailChoice
  /**
   * As root: the user and the group that the process becomes once it has opened what it needs. Programs run as that user, and reach files
   * as that user does.
   */
  dropTo?: {uid: number; gid: number}
  /**
   * Directory of a cgroup v2 that has no process of its own. The sandbox's process goes into a child of it, and the host enforces its
   * limits too. One that takes no child is a BAD_ARGUMENT. Default: the cgroup that this process is in, which works where that is the top
   * of the tree; `sandbox.jail` says whether it worked.
   */
  cgroupParent?: string
}

export interface HostSettings extends HostOptions {
  platform: PlatformChoice
}

/** @internal */
export const hostRows: Rows<HostOptions, HostSettings> = {
  patchCalls: {
    flag: '--patch-calls',
    summary: 'which call instructions become jumps, where traps are slow; auto: those that trap often',
    ...choice(PATCH_CHOICES),
    default: 'auto',
    unfit: FOR_SENTRY,
  },
  platform: {
    flag: '--platform',
    summary: 'what runs the guest',
    ...choice(PLATFORM_CHOICES),
    default: 'auto',
    unfit: {
      bare: {
        value: 'ptrace',
        message: 'a bare-metal guest needs a virtual machine',
        nextStep: 'give kvm as `platform`',
      },
    },
  },
  jail: {
    flag: '--require-jail',
    summary: 'run nothing if the host refuses a layer of the jail; `--stats` names the layers',
    parse: (_, before) => chooseJail(before, 'required'),
    otherFlag: {
      flag: '--no-jail',
      summary: "leave hv's own process all its rights while it serves the guest: for debugging hv",
      parse: (_, before) => chooseJail(before, 'none'),
    },
    schema: ({oneOf}) => oneOf(JAIL_CHOICES),
  },
  dropTo: {
    flag: '--drop-to UID[:GID]',
    summary:
      'as root: become this user, given by number, before the guest starts; the guest runs as that user too',
    parse: parseIdentity,
    schema: ({options, integer}) => options({uid: integer(1, MAX_ID), gid: integer(1, MAX_ID)}),
  },
  cgroupParent: {
    flag: '--cgroup-parent DIR',
    summary:
      'run in a child of this cgroup v2, so that the host enforces limits too; default: of its own cgroup',
    parse: (text) => existing(text, '--cgroup-parent', true),
    schema: ({path}) => path,
    settle: fromHere,
  },
}
