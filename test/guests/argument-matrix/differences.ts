// Where the argument matrix finds that hv answers differently from Linux, and why that stays so.

export interface Difference {
  /** A base call's label. */
  label: string
  /** The argument's index, -1 for the base call itself; absent: all. */
  argument?: number
  /** Absent: all. */
  values?: readonly string[]
  why: string
}

const leadsSession = 'hv starts a program as the leader of its session, a shell does not'

export const differences: readonly Difference[] = [
  {
    label: 'lseek',
    argument: 1,
    values: ['2^53', '2^63-1'],
    why: "files end at 2^52 - 1 here (s_maxbytes); tmpfs's do at 2^63 - 1, ext4's at 2^44",
  },
  {
    label: 'mmap:1',
    argument: 5,
    values: ['2^53'],
    why: 'the same: a part of a file that cannot be there',
  },
  {
    label: 'fcntl:5',
    argument: 2,
    values: ['2^31'],
    why: 'Linux asks for CAP_SYS_RESOURCE before it says that no pipe is so large',
  },
  {label: 'mmap:2', argument: 0, values: ['0'], why: 'the first 64 KiB are kept from root, too'},
  {label: 'mremap:1', argument: 4, values: ['0'], why: 'the same'},
  {
    label: 'mmap:2',
    argument: 0,
    values: ['-1'],
    why: 'Linux takes an address in the last page for the error of that number',
  },
  {
    label: 'mremap',
    argument: 2,
    values: ['2^53', '2^63-1', '2^63', '-4096'],
    why: 'ENOMEM up to Linux 6.16, EINVAL since',
  },
  {label: 'kill', argument: 0, values: ['-1', '2^63-1'], why: 'there is nobody else to signal'},
  {label: 'setpgid', why: leadsSession},
  {
    label: 'personality',
    argument: 0,
    values: ['half'],
    why: "another domain's calls and signals would need another table: its row says so",
  },
]
