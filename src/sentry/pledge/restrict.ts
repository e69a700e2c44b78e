// restrict: restricts a program as the user says, from its first instruction: --pledge, --unveil and a Sandbox's.

import {Errno} from '../../abi/errno.ts'
import {badArgument, printable} from '../../errors.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import type {PathContext} from '../../vfs/path-walk.ts'
import type {Task} from '../core/task.ts'
import {applyPledge} from './pledge.ts'
import {requirePromises} from './promises.ts'
import type {UnveilRule} from './unveil-rule.ts'
import {type Permissions, parsePermissions, UnveilRules} from './unveil-rules.ts'

export interface RestrictionOptions {
  /** Promises with spaces between them. */
  pledge?: string
  unveil?: readonly UnveilRule[]
  noNewPrivileges?: boolean
}

/** Whether programs gain no rights when they execute others: a restricted one would get around its restrictions. */
export function gainsNothing({noNewPrivileges, pledge, unveil}: RestrictionOptions): boolean {
  return noNewPrivileges === true || pledge !== undefined || unveil !== undefined
}

/**
 * For Sentry.load, which calls the result for a program before it runs. Parses the texts at once.
 * @throws HvError BAD_ARGUMENT, both here and from the result: a directory of an unveiled path may be missing in the guest
 */
export function restriction({pledge, unveil}: RestrictionOptions): (task: Task) => void {
  const promises = pledge === undefined ? undefined : requirePromises(pledge)
  const unveiled = unveil && checkedUnveil(unveil)
  return (task) => {
    if (unveiled !== undefined) applyUnveil(task, unveiled)
    if (promises !== undefined) applyPledge(task.kernel, task.process, promises, false)
  }
}

/** What programs see when they start, for the sandbox's owner. @throws Errno */
export function unveilRulesOf(unveil: readonly UnveilRule[], context: PathContext): UnveilRules {
  const rules = new UnveilRules(context.root)
  for (const {path, permissions} of checkedUnveil(unveil))
    rules.add(context, context.root, toByteString(path), permissions)
  rules.inForce = true
  return rules
}

function checkedUnveil(unveil: readonly UnveilRule[]): {path: string; permissions: Permissions}[] {
  return unveil.map(({path, permissions}) => ({path, permissions: requirePermissions(permissions)}))
}

/** Locked: the program itself can unveil nothing more. */
function applyUnveil(task: Task, unveiled: ReturnType<typeof checkedUnveil>): void {
  const {process, kernel, fs, credentials} = task
  const rules = new UnveilRules(kernel.rootMount.top, process.budget)
  for (const {path, permissions} of unveiled) {
    try {
      rules.add({root: fs.root, credentials}, fs.root, toByteString(path), permissions)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      const message = `${printable(path)} cannot be unveiled in the guest: ${error}`
      throw badArgument(message, 'unveil paths whose directories are there, each once')
    }
  }
  // Even without an entry: then it hides everything.
  rules.inForce = true
  rules.lock()
  process.restrictions.set({unveilRules: rules})
}

function requirePermissions(text: string): number {
  const permissions = parsePermissions(text)
  if (permissions !== undefined) return permissions
  const message = `there are no permissions ${JSON.stringify(text)} to unveil with`
  throw badArgument(message, 'give some of r, w, x and c')
}
