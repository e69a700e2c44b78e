// The matrix under other ways to run KVM.

import {describeArm64Bed} from '../bed/arm64.ts'

for (const name of ['nvhe', 'hvhe', 'protected', 'nv2']) describeArm64Bed(name)
