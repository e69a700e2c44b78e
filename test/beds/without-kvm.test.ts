// The matrix where KVM is disabled on the command line; test/bed has the bed without EL2.

import {describeArm64Bed} from '../bed/arm64.ts'

describeArm64Bed('none')
