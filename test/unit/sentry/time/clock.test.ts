// The vDSO and its page, run natively: the image is mapped after a vvar page and asked for the time.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {PF_R, PF_X, PT_LOAD} from '../../../../src/abi/elf.ts'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {parseElf} from '../../../../src/elf/parse.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {BootClock} from '../../../../src/sentry/time/boot-clock.ts'
import {ClockPage} from '../../../../src/sentry/time/clock.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {bytesReader} from '../../../helpers/bytes-reader.ts'

const PAGE = 4096
/** The precision that ClockPage promises until the next refresh is due. */
const AGREEMENT_NS = 50_000
/** Of a guest that was started with its host. */
const hostBoot = Object.assign(new BootClock(nativeHost.clock), {
  monotonicSeconds: 0,
  rawSeconds: 0,
  boottimeSeconds: 0,
})
const image = addon.vdsoImage()
const folder = mkdtempSync(join(tmpdir(), 'hv-vdso-'))
const file = (name: string) => join(folder, name)

beforeAll(() => {
  writeFileSync(file('vdso.so'), image)
  writeFileSync(file('run.c'), RUNNER)
  execFileSync('cc', ['-O1', '-o', file('run'), file('run.c')])
})
afterAll(() => rmSync(folder, {recursive: true}))

/** Name → [address, size] of the functions that the image exports. */
function symbols(): Map<string, [number, number]> {
  const table = execFileSync('readelf', ['--dyn-syms', '-W', file('vdso.so')], {encoding: 'latin1'})
  const rows = table.matchAll(/: ([0-9a-f]{16}) +(\d+) FUNC +GLOBAL DEFAULT +\d+ (\w+)@@LINUX_2\.6\b/g)
  return new Map(
    [...rows].map(([, address, size, name]) => [name, [Number.parseInt(address, 16), Number(size)]]),
  )
}

function pageOf(memory: Uint8Array, refreshes: number, boot = hostBoot): ClockPage {
  const file = {bytes: memory, int32s: new Int32Array(memory.buffer)} as unknown as MemoryFile
  const page = new ClockPage(file, PAGE, boot)
  for (let i = 0; i < refreshes; i++) {
    while (Number(process.hrtime.bigint()) < page.dueNs) {}
    page.refresh()
  }
  return page
}

describe('the image', () => {
  test('is one read-execute segment that is mapped as it is', () => {
    const elf = parseElf(bytesReader(image), 'vdso', arch.name)
    const loads = elf.segments.filter(({type}) => type === PT_LOAD)
    expect(loads).toHaveLength(1)
    expect(loads[0]).toMatchObject({offset: 0, vaddr: 0, flags: PF_R | PF_X})
    expect(loads[0].memSize).toBe(loads[0].fileSize)
    expect(image.length).toBeLessThanOrEqual(PAGE)
  })

  test('has no relocations', () => {
    const output = execFileSync('readelf', ['-rW', file('vdso.so')], {encoding: 'latin1'})
    expect(output).toContain('There are no relocations')
  })

  test('exports the functions that libc looks up, all inside the segment', () => {
    const names = ['clock_getres', 'clock_gettime', 'getcpu', 'gettimeofday', 'time']
    expect([...symbols().keys()].sort()).toEqual(names.map((name) => `__vdso_${name}`))
    const end = parseElf(bytesReader(image), 'vdso').segments[0].memSize
    for (const [address, size] of symbols().values()) expect(address + size).toBeLessThanOrEqual(end)
  })
})

/** How many nanoseconds each clock differs from the kernel's, the worst of 1,000 reads; and reads that went backwards. */
function compare(page: Uint8Array): Record<string, number> {
  writeFileSync(file('page'), page)
  const address = (name: string) => String(symbols().get(`__vdso_${name}`)![0])
  const args = [
    file('page'),
    file('vdso.so'),
    ...['clock_gettime', 'gettimeofday', 'time', 'clock_getres'].map(address),
  ]
  return JSON.parse(execFileSync(file('run'), args, {encoding: 'latin1'}))
}

describe('the clocks', () => {
  const usable = nativeHost.clock.countsCycles

  test.runIf(usable)('are counted, not asked for, and agree with the kernel', () => {
    const memory = new Uint8Array(2 * PAGE)
    pageOf(memory, 3)
    const result = compare(memory.subarray(PAGE))
    expect(new Uint32Array(memory.buffer, PAGE, 2)[1]).toBe(1)
    expect(result.backwards).toBe(0)
    for (const clock of [0, 1, 4, 7, 11]) expect(Math.abs(result[clock])).toBeLessThan(AGREEMENT_NS)
    // The kernel's coarse clocks lag by up to a tick of 10 ms.
    for (const clock of [5, 6]) expect(Math.abs(result[clock])).toBeLessThan(10_100_000)
    expect(Math.abs(result.gettimeofday)).toBeLessThan(AGREEMENT_NS)
    expect(result).toMatchObject({time: 0, resolution: 1})
  })

  test.runIf(usable)('count from the guest’s boot', () => {
    const memory = new Uint8Array(2 * PAGE)
    const offsets = {monotonicSeconds: 3, rawSeconds: 2, boottimeSeconds: 1}
    pageOf(memory, 3, Object.assign(new BootClock(nativeHost.clock), offsets))
    const result = compare(memory.subarray(PAGE))
    expect(result.backwards).toBe(0)
    for (const [clock, seconds] of [
      [0, 0],
      [1, -3],
      [4, -2],
      [7, -1],
      [11, 0],
    ])
      expect(Math.abs(result[clock] - seconds * 1e9)).toBeLessThan(AGREEMENT_NS)
  })

  test('are the kernel’s own on a page of zeros', () => {
    const result = compare(new Uint8Array(PAGE))
    expect(result).toMatchObject({backwards: 0, time: 0})
    expect(result.resolution).toBeGreaterThan(0)
    for (const clock of [0, 1, 4, 7, 11]) expect(Math.abs(result[clock])).toBeLessThan(AGREEMENT_NS)
  })

  test('stay system calls where the host does not trust its counter', () => {
    const memory = new Uint8Array(2 * PAGE)
    const page = pageOf(memory, 0, new BootClock({...nativeHost.clock, countsCycles: false}))
    page.refresh()
    expect(memory.every((byte) => byte === 0)).toBe(true)
    expect(page.dueNs).toBe(Infinity)
  })

  test.runIf(usable)('follow the host’s counter in a guest whose own is set apart', () => {
    const memory = new Uint8Array(2 * PAGE)
    const file = {bytes: memory, int32s: new Int32Array(memory.buffer)} as unknown as MemoryFile
    const page = new ClockPage(file, PAGE, hostBoot, -(2n ** 62n))
    while (Number(process.hrtime.bigint()) < page.dueNs) {}
    page.refresh()
    const base = BigInt.asIntN(64, new BigUint64Array(memory.buffer, PAGE, 9)[1])
    const now = new BigInt64Array(7)
    addon.sampleClocks(now)
    expect(Number(now[0] - 2n ** 62n - base)).toBeGreaterThan(0)
    expect(Number(now[0] - 2n ** 62n - base)).toBeLessThan(1e10)
  })
})

/** argv: page, image, then the functions' offsets. Prints one JSON object. */
const RUNNER = `
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#define NS(t) ((t).tv_sec * 1000000000LL + (t).tv_nsec)
static char *map(char *at, const char *name) {
  int fd = open(name, O_RDONLY);
  return mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
}
static long long kernel(int clock) {
  struct timespec t;
  syscall(SYS_clock_gettime, clock, &t);
  return NS(t);
}
int main(int argc, char **argv) {
  char *at = mmap(0, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (argc != 7 || map(at, argv[1]) != at || map(at + 4096, argv[2]) != at + 4096) return 1;
  char *image = at + 4096;
  int (*gettime)(int, struct timespec *) = (void *)(image + atol(argv[3]));
  int (*gettod)(struct timeval *, void *) = (void *)(image + atol(argv[4]));
  time_t (*gettimes)(time_t *) = (void *)(image + atol(argv[5]));
  int (*getres)(int, struct timespec *) = (void *)(image + atol(argv[6]));
  int clocks[] = {0, 1, 4, 5, 6, 7, 11}, backwards = 0;
  struct timespec t;
  printf("{");
  for (int i = 0; i < 7; i++) {
    // Zero when the vDSO's answer lies between the kernel's before and after: an interrupt only widens that.
    long long worst = 0, last = 0;
    for (int n = 0; n < 1000; n++) {
      long long before = kernel(clocks[i]);
      if (gettime(clocks[i], &t)) return 2;
      long long now = NS(t), after = kernel(clocks[i]);
      long long error = now < before ? now - before : now > after ? now - after : 0;
      backwards += now < last;
      last = now;
      if (llabs(error) > llabs(worst)) worst = error;
    }
    printf("\\"%d\\": %lld, ", clocks[i], worst);
  }
  struct timeval v;
  long long before = kernel(0);
  if (gettod(&v, 0)) return 3;
  long long now = v.tv_sec * 1000000000LL + v.tv_usec * 1000LL, after = kernel(0);
  printf("\\"gettimeofday\\": %lld, ", now < before ? now - before : now > after ? now - after : 0);
  time_t stored, seconds = gettimes(&stored);
  long long drift = seconds - kernel(0) / 1000000000LL;
  printf("\\"time\\": %lld, ", stored != seconds ? 99 : drift == -1 ? 0 : drift);
  if (getres(CLOCK_MONOTONIC, &t)) return 4;
  printf("\\"resolution\\": %lld, \\"backwards\\": %d}", NS(t), backwards);
}
`
