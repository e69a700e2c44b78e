// isPvmHost: whether KVM here does without VT-x and SVM. What hv does otherwise there asks this.

import {existsSync} from 'node:fs'

/** KVM interprets ring 0 of its guests. */
export const isPvmHost = (): boolean => existsSync('/sys/module/kvm_pvm')
