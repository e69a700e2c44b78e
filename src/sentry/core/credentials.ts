// Credentials: who a task is: credentials(7), capabilities(7). Replaced as a whole, never changed in place.

import {
  ALL_CAPABILITIES,
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
  CAP_LINUX_IMMUTABLE,
  CAP_MAC_OVERRIDE,
  CAP_MKNOD,
  type Capabilities,
  capabilities,
  difference,
  hasCapability,
  intersection,
  NO_CAPABILITIES,
  union,
} from '../../abi/capability.ts'
import {EPERM, Errno} from '../../abi/errno.ts'
import type {Credentials as VfsCredentials} from '../../vfs/file.ts'

/** What the vfs sees (`uid`, `gid`: the file system ids; `groups`; `capabilities`: the effective ones), and the rest. */
export interface Credentials extends VfsCredentials {
  readonly ruid: number
  readonly euid: number
  readonly suid: number
  readonly rgid: number
  readonly egid: number
  readonly sgid: number
  readonly permitted: Capabilities
  readonly inheritable: Capabilities
  readonly bounding: Capabilities
  readonly ambient: Capabilities
  /** SECBIT_*: prctl(PR_SET_SECUREBITS), and the one of PR_SET_KEEPCAPS. */
  readonly securebits: number
}

export const SECBIT_NOROOT = 1 << 0
export const SECBIT_NO_SETUID_FIXUP = 1 << 2
export const SECBIT_KEEP_CAPS = 1 << 4
export const SECBIT_KEEP_CAPS_LOCKED = 1 << 5
export const SECBIT_NO_CAP_AMBIENT_RAISE = 1 << 6

export type User = Pick<Credentials, 'uid' | 'gid' | 'groups'>

/** Those of the first program. */
export function initialCredentials({uid, gid, groups}: User): Credentials {
  return {
    ...{uid, gid, groups},
    ...{ruid: uid, euid: uid, suid: uid},
    ...{rgid: gid, egid: gid, sgid: gid},
    ...capabilitiesOf(uid),
  }
}

/** The capabilities that a program starts with. */
export function capabilitiesOf(
  euid: number,
): Pick<Credentials, 'capabilities' | 'permitted' | 'inheritable' | 'bounding' | 'ambient' | 'securebits'> {
  const held = euid === 0 ? ALL_CAPABILITIES : NO_CAPABILITIES
  return {
    capabilities: held,
    permitted: held,
    inheritable: NO_CAPABILITIES,
    bounding: ALL_CAPABILITIES,
    ambient: NO_CAPABILITIES,
    securebits: 0,
  }
}

/** Linux compares the sender's real and effective uid with the target's real and saved one: kill(2). */
export function isSendersUser({ruid, euid}: Credentials, {ruid: real, suid: saved}: Credentials): boolean {
  return ruid === real || ruid === saved || euid === real || euid === saved
}

/** @throws Errno EPERM, or `code` */
export function requireCapability(who: VfsCredentials, capability: number, code = EPERM): void {
  if (!hasCapability(who.capabilities, capability)) throw new Errno(code)
}

/** How a change of user ids changes the capabilities (capabilities(7), "Effect of user ID changes"). */
export function fixCapabilities(old: Credentials, changed: Credentials): Credentials {
  if (old.securebits & SECBIT_NO_SETUID_FIXUP) return changed
  let {capabilities: effective, permitted, ambient} = changed
  const hadRoot = old.ruid === 0 || old.euid === 0 || old.suid === 0
  const hasRoot = changed.ruid === 0 || changed.euid === 0 || changed.suid === 0
  if (hadRoot && !hasRoot) {
    if (!(old.securebits & SECBIT_KEEP_CAPS)) effective = permitted = NO_CAPABILITIES
    ambient = NO_CAPABILITIES
  }
  if (old.euid === 0 && changed.euid !== 0) effective = NO_CAPABILITIES
  if (old.euid !== 0 && changed.euid === 0) effective = permitted
  return {...changed, capabilities: effective, permitted, ambient}
}

/** The capabilities that setfsuid(2) takes and gives. */
const FILE_CAPABILITIES = capabilities(
  ...[CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID],
  ...[CAP_LINUX_IMMUTABLE, CAP_MKNOD, CAP_MAC_OVERRIDE],
)

export function fixFileCapabilities(old: Credentials, changed: Credentials): Credentials {
  if (old.securebits & SECBIT_NO_SETUID_FIXUP) return changed
  const {capabilities: effective, permitted} = changed
  if (old.uid === 0 && changed.uid !== 0)
    return {...changed, capabilities: difference(effective, FILE_CAPABILITIES)}
  if (old.uid !== 0 && changed.uid === 0)
    return {...changed, capabilities: union(effective, intersection(permitted, FILE_CAPABILITIES))}
  return changed
}
