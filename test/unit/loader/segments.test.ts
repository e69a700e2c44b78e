// planSegments: mappings as Linux makes them.

import {expect, test} from 'vitest'
import {EINVAL, ENOMEM, EPERM} from '../../../src/abi/errno.ts'
import {parseElf} from '../../../src/elf/parse.ts'
import {planSegments} from '../../../src/loader/segments.ts'
import {bytesReader} from '../../helpers/bytes-reader.ts'
import {elfFile, type ProgramHeader, TEXT} from '../elf/elf-file.ts'

const TOP = 2 ** 47 - 4096
const plan = (headers: ProgramHeader[], bias = 0) =>
  planSegments(parseElf(bytesReader(elfFile({headers})), 'prog'), bias, TOP)

test('text is mapped read and execute from its page in the file, at the bias', () => {
  expect(plan([{...TEXT, offset: 0x1000}], 0x10000000)).toEqual([
    {
      address: 0x10400000,
      length: 0x1000,
      protection: 5,
      anonymous: false,
      fileOffset: 0x1000,
      zeroFrom: 0x10401000,
    },
  ])
})

test('data that starts and ends inside pages takes whole pages, and .bss follows as zeros', () => {
  const data = {flags: 6, offset: 0x1e10, vaddr: 0x402e10, fileSize: 0x300, memSize: 0x2400}
  const [, file, zeros] = plan([TEXT, data])
  expect(file).toEqual({
    address: 0x402000,
    length: 0x2000,
    protection: 3,
    anonymous: false,
    fileOffset: 0x1000,
    zeroFrom: 0x403110,
  })
  expect(zeros).toMatchObject({address: 0x404000, length: 0x2000, anonymous: true, zeroFrom: 0x404000})
})

test('.bss that ends in the last file page needs no second mapping', () => {
  const data = {flags: 6, offset: 0x1000, vaddr: 0x402000, fileSize: 0x10, memSize: 0x1000}
  const [, file, ...rest] = plan([TEXT, data])
  expect(file).toMatchObject({length: 0x1000, zeroFrom: 0x402010})
  expect(rest).toEqual([])
})

test('a segment without bytes in the file is anonymous from its first page, whatever its offset', () => {
  const [, zeros] = plan([TEXT, {flags: 6, offset: 0x123, vaddr: 0x402456, memSize: 0x1000}])
  expect(zeros).toMatchObject({address: 0x402000, length: 0x2000, anonymous: true})
})

test.each<[string, ProgramHeader, number]>([
  ['offset and address differ within a page', {...TEXT, offset: 0x10}, EINVAL],
  ['below the lowest address', {...TEXT, vaddr: 0xf000}, EPERM],
  ['above the top', {...TEXT, vaddr: TOP - 0x800, memSize: 0x1000, fileSize: 0}, ENOMEM],
  ['as large as the address space', {vaddr: 0x400000, memSize: 2n ** 52n}, ENOMEM],
])('refused: %s', (_, header, errno) => {
  const file = elfFile({headers: [header], entry: Number(header.vaddr)})
  const image = parseElf(bytesReader(file), 'prog')
  expect(() => planSegments(image, 0, TOP)).toThrow(
    expect.objectContaining({code: 'BAD_ELF', execErrno: errno}),
  )
})
