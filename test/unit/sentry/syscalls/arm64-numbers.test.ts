// The table's arm64 column, against the kernel's own header for arm64: what its conditions select from the generic one.

import {expect, test} from 'vitest'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {canRunArm64, numbersOfArm64} from '../../../helpers/arm64.ts'

const ABSENT = -1

test.skipIf(!canRunArm64)('every row has the number that arm64 has, or none where arm64 has none', () => {
  const numberOf = numbersOfArm64(`
    #include <stdio.h>
    #include <asm/unistd.h>
    int main(void) {
      ${table
        .map(
          ({name}) =>
            `\n#ifdef __NR_${name}\nprintf("${name} %d\\n", __NR_${name});\n#else\nputs("${name} ${ABSENT}");\n#endif\n`,
        )
        .join('')}
    }`)
  expect(numberOf('openat')).toBe(56)
  const newest = Math.max(...table.map(({name}) => numberOf(name)))
  const wrong = table
    .map(({name, arm64 = ABSENT}) => ({name, ours: arm64, kernel: numberOf(name)}))
    // A header older than the call does not know it.
    .filter(({ours, kernel}) => ours !== kernel && ours < newest)
  expect(wrong).toEqual([])
})
