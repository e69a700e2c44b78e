// The VHE bed: the kernel runs at EL2, as on a Raspberry Pi 5 or a Graviton 2.

import {describeArm64Bed} from './arm64.ts'
import {isAll} from './matrix.ts'
import {KVM_UNITS} from './units.ts'

/** What differs most between processors. */
const PTRACE = ['contexts', 'gate', 'stops', 'turns'].map((name) => `platform/ptrace-${name}`)
const units = [...KVM_UNITS, ...(isAll ? ['platform/ptrace'] : PTRACE)]
describeArm64Bed('a76', {platforms: ['kvm'], units, share: [2, 3], gdb: true, kernels: ['themselves']})
