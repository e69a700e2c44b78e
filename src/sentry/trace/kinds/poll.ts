// Kinds of poll(2), select(2) and epoll(7).

import * as poll from '../../../abi/poll.ts'
import {SIGNAL_SET_BYTES, SignalSet} from '../../../abi/signal-set.ts'
import {arch} from '../../../arch/index.ts'
import {type Kind, type Kinds, named, structIn} from '../kind.ts'
import {signalSet} from '../names/signals.ts'
import {countedBits, enumeration, flagWord, pick} from '../text/number.ts'
import {hex64, showBits, showFirst} from '../text/view.ts'
import {type TracedCall, viewOf} from '../traced-call.ts'

const layout = arch.kernelAbi.epollEvent
const BITS = 8
/** No descriptor is above this; a larger select(2) is cut. */
const MAX_FDS = 1024

const events = flagWord(
  pick(
    poll,
    'POLLIN POLLPRI POLLOUT POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND POLLERR POLLHUP POLLNVAL POLLRDHUP',
  ),
  'POLL???',
)
const epollEvents = flagWord(
  {
    ...pick(poll, 'EPOLLIN'),
    EPOLLPRI: 0x2,
    ...pick(poll, 'EPOLLOUT'),
    ...countedBits('EPOLL', 'RDNORM RDBAND WRNORM WRBAND MSG', 6),
    ...pick(poll, 'EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLEXCLUSIVE EPOLLWAKEUP EPOLLONESHOT EPOLLET'),
  },
  'EPOLL???',
)

export const polling = {
  /** struct pollfd[]; the next argument counts them. */
  pollfds: {
    enter: (call, index) => pollfds(call, index, call.uint32(index + 1)),
    note: (call, index, result) =>
      result === 0 ? 'Timeout' : readyPollfds(call, index, call.uint32(index + 1)),
  },
  fdset_in: fdset('in'),
  fdset_out: fdset('out'),
  fdset_except: fdset('except'),
  epollop: named(enumeration(pick(poll, 'EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD'), 'EPOLL_CTL_???')),
  epoll_event: structIn(layout.size, showEpollEvent),
  epoll_events_out: {
    leave: (call, index, result) =>
      call.follow(index, (address, memory) =>
        showFirst(result, call.limit, (i) =>
          showEpollEvent(viewOf(memory.readBytes(address + i * layout.size, layout.size))),
        ),
      ),
  },
  /** pselect6(2)'s pair of a set and its size. */
  sigset_pair: structIn(16, (view, call) => {
    const address = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
    let mask = hex64(view, 0)
    if (address === 0) mask = 'NULL'
    else if (view.getBigUint64(8, true) === BigInt(SIGNAL_SET_BYTES)) {
      mask = signalSet(SignalSet.fromBytes(call.memory.readBytes(address, SIGNAL_SET_BYTES)))
    }
    return `{sigmask=${mask}, sigsetsize=${view.getBigUint64(8, true)}}`
  }),
} satisfies Kinds

function pollfds(call: TracedCall, index: number, count: number): string {
  return call.follow(index, (address, memory) =>
    showFirst(count, call.limit, (i) => {
      const at = address + i * poll.POLLFD_SIZE
      const fd = memory.readInt32(at)
      return fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${events(memory.readUint16(at + 4))}}`
    }),
  )
}

function readyPollfds(call: TracedCall, index: number, count: number): string {
  return call.follow(index, (address, memory) => {
    const shown: string[] = []
    for (let i = 0; i < count; i++) {
      const at = address + i * poll.POLLFD_SIZE
      const ready = memory.readUint16(at + 6)
      const fd = memory.readInt32(at)
      if (fd < 0 || ready === 0) continue
      if (shown.length === call.limit) return `[${shown.join(', ')}, ...]`
      shown.push(`{fd=${fd}, revents=${events(ready)}}`)
    }
    return `[${shown.join(', ')}]`
  })
}

/** For select(2): the first argument bounds it; ready descriptors are shown after the result. */
function fdset(name: string): Kind {
  return {
    enter: (call, index) => showFdset(call, index),
    note(call, index, result) {
      // One note for all three.
      if (result === 0) return name === 'in' ? 'Timeout' : undefined
      const text = call.isNull(index) ? '[]' : showFdset(call, index)
      return text === '[]' ? undefined : `${name} ${text}`
    },
  }
}

function showFdset(call: TracedCall, index: number): string {
  return call.follow(index, (address, memory) => {
    const count = Math.max(0, Math.min(call.int32(0), MAX_FDS))
    return showBits(memory.readBytes(address, Math.ceil(count / BITS)), count)
  })
}

function showEpollEvent(view: DataView): string {
  const data = hex64(view, layout.data)
  return `{events=${epollEvents(view.getInt32(0, true))}, data=${data}}`
}
