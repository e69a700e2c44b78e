// The nVHE bed: the kernel runs at EL1 with KVM at EL2, as on a Raspberry Pi 4 or a Graviton 1, whose beds run the unit tests and programs with a kernel.

import {describeArm64Bed} from './arm64.ts'

describeArm64Bed('a72', {platforms: ['kvm'], units: [], share: [1, 3], kernelProgram: false})
