// The VHE bed: the kernel runs at EL2, as on a Raspberry Pi 5 or a Graviton 2.

import {describeArm64Bed} from './arm64.ts'

describeArm64Bed('a76', {platforms: ['kvm'], share: [2, 3], gdb: true})
