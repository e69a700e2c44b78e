// What `hv gdb` and `hv run` say first: found among what was meant for others.

import {expect, test} from 'vitest'
import {encodePacket} from '../../../../src/gdb/packet.ts'
import {answerTo, findAnswer, findHello, helloOf} from '../../../../src/launch/attach/hello.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('a hello is found behind what an earlier gdb has left, and gdb speaks after it', () => {
  const found = findHello(bytes(`+$X1000,4:ab${helloOf('7-1')}+$?#3f`))
  expect({...found, rest: found!.rest.toString('latin1')}).toEqual({nonce: '7-1', rest: '+$?#3f'})
})

test('the last hello counts', () => {
  expect(findHello(bytes(helloOf('7-1') + helloOf('8-2')))!.nonce).toBe('8-2')
})

test.each(['', '+$?#3f', '$hv-attach:7', `$hv-attach:${'7'.repeat(100)}#`, encodePacket(helloOf('7-1'))])(
  '%j is no hello',
  (text) => {
    expect(findHello(bytes(text))).toBeUndefined()
  },
)

test('an answer is found behind those to an earlier hello, with what follows it', () => {
  const said = `${answerTo('7-1')}+$OK#9a${answerTo('8-2', 'no')}+$S05#b8`
  const found = findAnswer(bytes(said), '8-2')
  expect({...found, rest: found!.rest.toString('latin1')}).toEqual({why: 'no', rest: '+$S05#b8'})
})

test.each(['', answerTo('7-1'), answerTo('8-2').slice(0, -1)])('%j does not answer 8-2 yet', (text) => {
  expect(findAnswer(bytes(text), '8-2')).toBeUndefined()
})
