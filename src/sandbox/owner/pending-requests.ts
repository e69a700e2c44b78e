// PendingRequests: requests to the sentry that it has not answered yet. It answers those of one kind in order.

import type {HvError} from '../../errors.ts'

interface Pending<Request, Answer> {
  request: Request
  resolve: (answer: Answer) => void
  reject: (error: HvError) => void
}

export class PendingRequests<Request, Answer> {
  readonly #pending: Pending<Request, Answer>[] = []

  /** An answer is due. */
  get isAsked(): boolean {
    return this.#pending.length > 0
  }

  /** The one that is answered next. */
  get next(): Request | undefined {
    return this.#pending[0]?.request
  }

  /** Notes a request that is on its way. */
  add(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#pending.push({request, resolve, reject})
    })
  }

  answered(answer: Answer): void {
    this.#pending.shift()?.resolve(answer)
  }

  refused(error: HvError): void {
    this.#pending.shift()?.reject(error)
  }

  fail(error: HvError): void {
    for (const {reject} of this.#pending.splice(0)) reject(error)
  }
}
