// Two ends of a stream, as a vsock device gives one of them to the host.

import {Duplex, PassThrough} from 'node:stream'

export function streamPair(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const ends = [
    Duplex.from({readable: back, writable: there}),
    Duplex.from({readable: there, writable: back}),
  ]
  // As the device does.
  for (const end of ends) end.on('error', () => {})
  return ends as [Duplex, Duplex]
}
