// KvmPlatform: guest memory whose size is a multiple of the guest's page size, but not of every host's.

import {expect, test} from 'vitest'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {PAGE_SIZE} from '../../../src/platform/platform.ts'
import {withCosts} from '../../helpers/costs.ts'
import {describeKvm} from '../../helpers/vm.ts'

describeKvm('guest memory', () => {
  test.for([1, 2, 3, 5])('of a mebibyte and %i pages is all there', (pages) => {
    const asked = (1 << 20) + pages * PAGE_SIZE
    using platform = withCosts(new KvmPlatform(asked))
    expect(platform.memory.size).toBeGreaterThanOrEqual(asked)
    for (let done = 0; done < asked; done += PAGE_SIZE) {
      const offset = platform.memory.allocate(PAGE_SIZE)
      platform.memory.bytes[offset] = 1
      expect(platform.memory.bytes[offset]).toBe(1)
    }
  })
})
