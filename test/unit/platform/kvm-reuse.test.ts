// KvmPlatform: disposed contexts and spaces are used again, and show nothing of what they were.

import {expect, test} from 'vitest'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {PAGE_SIZE, PROT_READ} from '../../../src/platform/platform.ts'
import {withCosts} from '../../helpers/costs.ts'
import {describeKvm} from '../../helpers/vm.ts'

const XMM0 = 160

describeKvm('what was disposed of', () => {
  test('a context does not see the vector registers of the one before', () => {
    using platform = withCosts(new KvmPlatform(1 << 24))
    const first = platform.createContext()
    const fresh = first.readFpState()
    const used = first.readFpState()
    used.fill(0xab, XMM0, XMM0 + 16)
    // XSTATE_BV: SSE state is in use (SDM vol. 1, 13.4.2).
    used[512] |= 2
    first.writeFpState(used)
    expect(first.readFpState().slice(XMM0, XMM0 + 16)).toEqual(used.slice(XMM0, XMM0 + 16))
    first.dispose()
    first.dispose()
    expect(
      platform
        .createContext()
        .readFpState()
        .slice(XMM0, XMM0 + 16),
    ).toEqual(fresh.slice(XMM0, XMM0 + 16))
  })

  test('contexts come and go more often than there are vCPUs in a VM', () => {
    using platform = withCosts(new KvmPlatform(1 << 24))
    for (let i = 0; i < 5000; i++) {
      const context = platform.createContext()
      // This goes through a vCPU: until then the context has none.
      context.writeFpState(context.readFpState())
      context.dispose()
    }
  })

  test('spaces come and go more often than there is memory for their tables', () => {
    using platform = withCosts(new KvmPlatform(1 << 24))
    for (let i = 0; i < 10_000; i++) {
      const space = platform.createSpace()
      space.map(0x400000, PAGE_SIZE, 0, PROT_READ)
      space.commit()
      space.unmap(0x400000, PAGE_SIZE)
      space.commit()
      space.dispose()
    }
  })
})
