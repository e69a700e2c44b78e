// The matrix on other cores.

import {describeArm64Bed} from '../bed/arm64.ts'

for (const name of ['n1', 'max']) describeArm64Bed(name)
