// Options of a guest: what its programs find and may do, besides the tree and the limits.

import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {HOSTNAME, HOSTNAME_TAKES} from '../../sentry/outside/hostname.ts'
import type {TmpfsMount} from '../../sentry/outside/volume.ts'
import {PROMISES} from '../../sentry/pledge/promises.ts'
import type {UnveilRule} from '../../sentry/pledge/unveil-rule.ts'
import {LEAST_DISK_BYTES} from '../../vfs/disk-quota.ts'
import {parseHostname, parseTmpfs, parseUnveil} from './parse-values.ts'
import {each, FOR_PROGRAMS, FOR_SENTRY, type Rows} from './row.ts'

/** An empty directory of a guest, in memory. @see {@link SandboxOptions} */
export interface SandboxTmpfs {
  /** Where the guest sees it: an absolute path. */
  guest: string
  /** Bytes that its files may hold. Default: half of `memoryBytes`, as on Linux; `diskBytes` counts them too. */
  maxBytes?: number
  /** Permission bits. Default: `0o1777`. */
  mode?: number
}

export interface GuestOptions {
  /** Empty directories in memory, each at a guest path. Default: none besides /dev/shm. */
  tmpfs?: readonly SandboxTmpfs[]
  /**
   * The guest's `/` is read-only: programs, and `sandbox.files`, write only to `volumes` that are writable, to `tmpfs` and /dev/shm. /tmp
   * belongs to `/`: `tmpfs: [{guest: '/tmp'}]` makes it writable. Default: false.
   */
  readOnly?: boolean
  /**
   * The host name that programs see, in uname(2) for example: 1 to 64 letters, digits, hyphens and dots. Default: `hv`. The host's own is
   * not shown.
   */
  hostname?: string
  /**
   * Whom programs run as: `USER[:GROUP]`, each by number, or by a name that the /etc/passwd or /etc/group of `root` or `image` has. On
   * volumes it has the rights of this process's user at most. HOME is this user's. Default: the image's user, or else this process's.
   */
  user?: string
  /**
   * No program gets the rights of its file's owner or group: set-user-ID and set-group-ID bits mean nothing, for `sudo` neither. They mean
   * nothing on `volumes` and `tmpfs` in any case, nor with `pledge` or `unveil`. Default: false.
   */
  noNewPrivileges?: boolean
  /**
   * Promises of OpenBSD's pledge(2), as a list or as a string with spaces between them. Each program keeps to them from its first
   * instruction, or ends with SIGSYS. Default: everything is allowed.
   */
  pledge?: string | readonly string[]
  /**
   * The only paths that programs see, each with letters of `r` (read), `w` (write), `x` (execute), `c` (create and remove):
   * `{'/data': 'r', '/tmp': 'rwc'}`. A directory includes everything below it. Default: all.
   */
  unveil?: Readonly<Record<string, string>>
}

export interface GuestSettings extends Omit<GuestOptions, 'pledge' | 'unveil'> {
  tmpfs?: readonly TmpfsMount[]
  /** OpenBSD's names, separated by spaces. */
  pledge?: string
  unveil?: readonly UnveilRule[]
}

const WITHOUT_CALLS = {
  message: 'a bare-metal guest makes no system calls, and so no promises',
  nextStep: 'leave `pledge` and `unveil` out',
}
/** For what binds system calls, or watches them. */
export const WITH_PROMISES = {...FOR_SENTRY, bare: WITHOUT_CALLS}

/** @internal */
export const guestRows: Rows<GuestOptions, GuestSettings> = {
  tmpfs: {
    flag: '--tmpfs PATH[:size=SIZE,mode=MODE]',
    summary: 'an empty directory in memory, which --disk bounds, too; may be repeated',
    ...each(parseTmpfs),
    schema: ({list, options, guestPath, integer, optional}) =>
      list(
        options({
          guest: guestPath,
          maxBytes: optional(integer(LEAST_DISK_BYTES, Number.MAX_SAFE_INTEGER)),
          mode: optional(integer(0, PERMISSION_BITS)),
        }),
        'an array of {guest, maxBytes, mode}',
      ),
    unfit: FOR_PROGRAMS,
  },
  readOnly: {
    flag: '--read-only',
    summary:
      'let the guest write only to volumes that are rw, to --tmpfs and /dev/shm; /tmp needs `--tmpfs /tmp`',
    schema: ({truth}) => truth,
    unfit: FOR_PROGRAMS,
  },
  hostname: {
    flag: '-h, --hostname NAME',
    summary: 'the host name that the guest sees; default: hv',
    parse: parseHostname,
    schema: ({named}) => named(HOSTNAME, HOSTNAME_TAKES),
    unfit: FOR_PROGRAMS,
  },
  user: {
    flag: '-u, --user USER[:GROUP]',
    summary:
      "run as this user of the guest, by number, or by a name in the /etc/passwd of --root or --image; default: the image's, or the one who runs hv",
    schema: ({text}) => text,
    unfit: FOR_PROGRAMS,
  },
  noNewPrivileges: {
    flag: '--no-new-privileges',
    summary: "give no program the rights of its file's owner or group, such as sudo needs",
    schema: ({truth}) => truth,
    unfit: FOR_SENTRY,
  },
  pledge: {
    flag: '--pledge PROMISES',
    summary:
      'end the guest with SIGSYS when it does more than PROMISES allow, e.g. "stdio rpath"; see `hv pledge`',
    commands: ['run', 'trace'],
    words: PROMISES,
    schema: ({either, text, list}) =>
      either([text, list(text, 'an array of strings')], 'a string or an array of strings'),
    settle: (promises) => (typeof promises === 'string' ? promises : promises.join(' ')),
    unfit: WITH_PROMISES,
  },
  unveil: {
    flag: '--unveil PATH:rwxc',
    summary:
      'hide all files but PATH and what is below it; r, w, x, c: read, write, execute, create; may be repeated',
    ...each(parseUnveil),
    schema: ({record, guestPath, named}) =>
      record(
        guestPath,
        named(/^[rwxc]*$/, 'some of the letters r, w, x and c'),
        'an object of paths and letters',
      ),
    settle: (paths) => Object.entries(paths).map(([path, permissions]) => ({path, permissions})),
    unfit: WITH_PROMISES,
  },
}
