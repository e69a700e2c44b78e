// Whether a memfd may be executed; a guest's process starts from one.

import {type Check, tracesProcesses} from '../facts.ts'

/** Documentation/userspace-api/mfd_noexec.rst; since Linux 6.3. hv asks for MFD_EXEC, so 1 does not matter. */
const PATH = '/proc/sys/vm/memfd_noexec'
const ENFORCED = '2'

export const checkMemfd: Check = (facts) => {
  const value = facts.host.read(PATH)?.trim()
  const subject = {id: 'memfd-exec', title: 'Executable memfd'}
  if (value === undefined) {
    if (facts.host.hasSysctls) return []
    const detail = 'Whether it is allowed is not known.'
    return [{...subject, status: 'info', detail, evidence: `${PATH}: not readable`}]
  }
  const evidence = `${PATH}: ${value}`
  if (value !== ENFORCED || tracesProcesses(facts)) {
    const detail = "It is allowed: a guest's process starts from one."
    return [{...subject, status: 'ok', detail, evidence}]
  }
  return [
    {
      ...subject,
      status: 'fail',
      detail: "It is forbidden, and a guest's process starts from one.",
      evidence,
      mend: 'allow it: `sudo sysctl vm.memfd_noexec=1`, in each PID namespace from the first one down',
    },
  ]
}
