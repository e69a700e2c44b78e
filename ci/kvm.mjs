// Is there a KVM that this user may use? `hv check` says why not.

import {accessSync, constants} from 'node:fs'

export function canOpenKvm() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
