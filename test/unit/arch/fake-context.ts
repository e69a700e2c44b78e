// The fake context of the architecture that src/arch/index.ts exports: the host's, or the one that a test put there.

import type {FrameContext} from '../../../src/arch/architecture.ts'
import {arch} from '../../../src/arch/index.ts'
import * as arm64 from './arm64/fake-context.ts'
import * as x86_64 from './x86_64/fake-context.ts'

/** A Context, and the parts that tests look at. */
export interface FakeProcessor extends FrameContext {
  readonly registers: BigUint64Array
  readonly fpState: Uint8Array
  /** The last value given to setResult. */
  result: number | undefined
  callNumber: number
  setResult(result: number): void
  /** The arguments of a handler that was just entered: the signal, and the address of its siginfo, if any. */
  readonly handlerArguments: readonly [first: bigint, second: bigint]
  set stackPointer(address: number)
  /** Goes to the signal trampoline. */
  leaveHandler(): void
}

export function fakeProcessor(stackPointer: number): FakeProcessor {
  const {FakeContext} = {x86_64, arm64}[arch.name]
  return new FakeContext(stackPointer)
}
