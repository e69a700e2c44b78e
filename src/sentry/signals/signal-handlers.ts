// SignalHandlers: what a process does about each signal: Linux's sighand_struct. CLONE_SIGHAND shares it.

import {defaultAction, NSIG, SIG_DFL, SIG_IGN} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'

/** struct sigaction. Replaced as a whole, never changed in place. */
export interface SignalAction {
  /** Guest address, SIG_DFL or SIG_IGN. */
  readonly handler: number
  /** SA_*, unsigned. */
  readonly flags: number
  readonly restorer: number
  readonly mask: SignalSet
}

export const DEFAULT_ACTION: SignalAction = {handler: SIG_DFL, flags: 0, restorer: 0, mask: new SignalSet()}

export class SignalHandlers {
  readonly #actions: SignalAction[] = new Array(NSIG + 1).fill(DEFAULT_ACTION)

  get(signal: number): SignalAction {
    return this.#actions[signal]
  }

  set(signal: number, action: SignalAction): void {
    this.#actions[signal] = action
  }

  /** The action is to ignore, by choice or by default. */
  ignores(signal: number): boolean {
    const {handler} = this.#actions[signal]
    return handler === SIG_IGN || (handler === SIG_DFL && defaultAction(signal) === 'ignore')
  }

  copy(): SignalHandlers {
    const copy = new SignalHandlers()
    for (const [signal, action] of this.#actions.entries()) copy.set(signal, action)
    return copy
  }

  /** A copy without handlers, in which ignored signals stay ignored: execve(2), CLONE_CLEAR_SIGHAND. */
  copyCleared(): SignalHandlers {
    const copy = new SignalHandlers()
    this.#actions.forEach(({handler}, signal) => {
      if (handler === SIG_IGN) copy.set(signal, {...DEFAULT_ACTION, handler})
    })
    return copy
  }
}
