// The VHE bed: the kernel runs at EL2, as on a Raspberry Pi 5 or a Graviton 2.

import {describeArm64Bed} from './arm64.ts'
import {KVM_UNITS} from './units.ts'

const units = [...KVM_UNITS, 'platform/ptrace']
describeArm64Bed('a76', {platforms: ['kvm'], units, share: [2, 3], gdb: true, kernels: ['themselves']})
