// unveil(path, permissions): OpenBSD's unveil(2) for a guest, as call 10002.

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import {pathContext, readPath} from '../fd/path-argument.ts'
import {parsePermissions, UnveilRules} from '../pledge/unveil-rules.ts'

const MAX_PERMISSIONS = 16

export const unveil: Syscall = (task, args) => {
  const {process, kernel} = task
  const pathAddress = args.address(0)
  const permissionsAddress = args.address(1)
  const rules = process.restrictions.unveilRules ?? new UnveilRules(kernel.rootMount.top, process.budget)
  if (pathAddress === 0 && permissionsAddress === 0) {
    rules.lock()
    process.restrictions.set({unveilRules: rules})
    return 0
  }
  const path = readPath(task, pathAddress)
  const permissions = parsePermissions(task.memory.readCString(permissionsAddress, MAX_PERMISSIONS))
  if (permissions === undefined) throw new Errno(EINVAL)

  rules.add({...pathContext(task), policy: undefined}, task.fs.cwd, path, permissions)
  process.restrictions.set({unveilRules: rules})
  return 0
}
