// The matrix on other hosts: GICv2, 16K pages, an old kernel, one processor, four.

import {describeArm64Bed} from '../bed/arm64.ts'

for (const name of ['gic2', '16k', 'old', 'a76-1', 'a76-4']) describeArm64Bed(name)
