// gdb and machines, where the processor has breakpoints in another way: bare ones are in each run's beds, but for nVHE; kernels take a minute.

import {testGdb, testGdbOfKernel} from '../bed/gdb.ts'
import {describeBed} from '../bed/matrix.ts'

describeBed('svm', (inside, forward) => testGdbOfKernel('x86_64', inside, forward, {tries: 3}))
describeBed('a76', (inside, forward) => testGdbOfKernel('arm64', inside, forward))
describeBed('a72', (inside, forward) => {
  testGdb('arm64', inside, forward)
  testGdbOfKernel('arm64', inside, forward)
})
