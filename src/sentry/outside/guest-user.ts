// The user that the programs of a guest run as.

import {readFileSync} from 'node:fs'
import type {User} from '../core/credentials.ts'
import type {SentryOptions} from './sentry.ts'

/** The user that is named, or else the one that hv becomes, or else the one who runs hv. */
export function userOf({dropTo, user}: Pick<SentryOptions, 'dropTo' | 'user'>): User {
  if (user !== undefined) return user
  if (dropTo !== undefined) return {...dropTo, groups: []}
  return {uid: process.getuid!(), gid: process.getgid!(), groups: hostGroups()}
}

/** Supplementary groups: Node's getgroups adds the effective group to them. */
function hostGroups(): number[] {
  try {
    const line = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'latin1'))
    if (line !== null) return line[1].trim().split(/\s+/).filter(Boolean).map(Number)
  } catch {
    // There is no /proc.
  }
  return process.getgroups!()
}
