// A bed without EL2, like most virtual machines in the cloud: no KVM.

import {describeArm64Bed} from './arm64.ts'

describeArm64Bed('el1', {share: [0, 3]})
