// The matrix in the beds that stand in for boards.

import {describeArm64Bed} from '../bed/arm64.ts'

for (const name of ['rpi4', 'rpi5', 'graviton2', 'graviton3']) describeArm64Bed(name)
