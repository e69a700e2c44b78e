// /proc: hv opens a guest's files by descriptor, through /proc/self/fd, and many checks read it.

import type {Check} from './facts.ts'

/** No findings where it is mounted. */
export const checkProc: Check = ({host}) => {
  if (host.exists('/proc/cpuinfo') || host.exists('/proc/self')) return []
  return [
    {
      id: 'proc',
      title: '/proc',
      status: 'fail',
      detail: "It is not mounted. hv opens a guest's files through it.",
      evidence: '/proc/self: absent',
      mend: 'mount it: `sudo mount -t proc proc /proc`',
    },
  ]
}
