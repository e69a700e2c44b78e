// src/elf and elfy read the same from Debian's own programs and libraries.

import {closeSync, openSync, readdirSync, readFileSync, realpathSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {expect, test} from 'vitest'
import {fileReader} from '../../../src/elf/file-reader.ts'
import {parseElf} from '../../../src/elf/parse.ts'
import {readSections} from '../../../src/elf/sections.ts'

const MOST_BYTES = 8 << 20
const MOST_FILES = 200
const FOLDERS = [
  '/usr/bin',
  '/usr/sbin',
  `/usr/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`,
]

interface ElfyImage {
  entry: number
  body: {
    programs: {offset: number; vaddr: number; filesz: number; memsz: number}[]
    sections: {name: string; off: number; size: number}[]
  }
}

const elfy = createRequire(import.meta.url)('elfy') as {parse(bytes: Buffer): ElfyImage}

/** Files from all folders, so that libraries are among them. */
function elfFiles(): string[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, {withFileTypes: true})
      .filter(
        (entry) =>
          entry.isFile() &&
          !entry.name.endsWith('.o') &&
          statSync(`${folder}/${entry.name}`).size < MOST_BYTES,
      )
      .map((entry) => realpathSync(`${folder}/${entry.name}`))
      .filter(isElf)
      .slice(0, MOST_FILES),
  )
  return [...new Set(files)]
}

function isElf(path: string): boolean {
  const fd = openSync(path, 'r')
  const magic = Buffer.from(fileReader(fd).read(0, 4)).toString('latin1')
  closeSync(fd)
  return magic === '\x7fELF'
}

test('segments, entries and sections are the same', () => {
  const files = elfFiles()
  expect(files.length).toBeGreaterThan(50)
  for (const path of files) {
    const theirs = elfy.parse(readFileSync(path))
    const fd = openSync(path, 'r')
    const image = parseElf(fileReader(fd), path)
    const sections = readSections(fileReader(fd))
    closeSync(fd)

    expect(image.entry, path).toBe(theirs.entry)
    expect(
      image.segments.map(({offset, vaddr, fileSize, memSize}) => [offset, vaddr, fileSize, memSize]),
      path,
    ).toEqual(theirs.body.programs.map(({offset, vaddr, filesz, memsz}) => [offset, vaddr, filesz, memsz]))
    if (typeof sections === 'string') throw new Error(`${path}: ${sections}`)
    expect(
      sections.map(({name, offset, size}) => [name, offset, size]),
      path,
    ).toEqual(theirs.body.sections.map(({name, off, size}) => [name, off, size]))
  }
})
