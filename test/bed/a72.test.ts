// The nVHE bed (kernel at EL1, KVM at EL2), like a Raspberry Pi 4 or Graviton 1, whose beds (test/beds) run the unit tests, too.

import {describeArm64Bed} from './arm64.ts'

describeArm64Bed('a72', {platforms: ['kvm'], units: [], share: [1, 3], kernels: ['a program']})
