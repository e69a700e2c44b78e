// Tells whether this user may use KVM. `hv check` says why not.

import {accessSync, constants} from 'node:fs'

export function canOpenKvm() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
