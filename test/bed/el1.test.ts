// A bed without EL2, like most virtual machines in the cloud: no KVM. The unit tests of ptrace run in a76, in one start with the others.

import {describeArm64Bed} from './arm64.ts'

describeArm64Bed('el1', {units: [], share: [0, 3]})
