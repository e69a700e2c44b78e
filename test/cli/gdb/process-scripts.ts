// gdb's scripts for guest.c: forks, caught calls, reads that stop; and what of gdb's output is the same everywhere.

export const FOLLOWED = `
set follow-fork-mode child
break twice
continue
print x
info inferiors
finish
continue
`

// gdb has the child when the parent goes on, which must not wait for it: the child stands still until it is resumed.
export const BOTH = `
set detach-on-fork off
catch fork
continue
stepi
print $_inferior
inferior 2
break twice
continue
print $_inferior
print x
kill inferiors 2
inferior 1
print $_inferior
delete
set detach-on-fork on
`

export const CAUGHT = `
catch fork
catch vfork
catch exec
continue
continue
continue
continue
delete
`

export const CALLS = `
catch syscall write
continue
continue
delete
`

export const READS = `
break twice
continue
delete
rwatch counter
continue
delete
awatch half
continue
continue
delete
`

export const LATER = `
tbreak later
continue
watch *place
watch *(int *)0x7e0000000004
continue
delete 3
continue
continue
delete
`

/** Two threads write to the page, one of them to the watched place. */
export const SHARED_PAGE = `
break gathered
continue
delete
watch spins[0]
${'continue\nprint (long)which\n'.repeat(20)}
delete
`

/** ^C while gdb waits for a stop. */
export const INTERRUPT_LATER = `python
import threading, time
def later():
  time.sleep(0.5)
  gdb.post_event(lambda: gdb.execute("interrupt"))
threading.Thread(target=later).start()
end
`

/** Thread 2 alone runs. */
export const LOCKED = `
break gathered
continue
delete
thread 2
set scheduler-locking on
${INTERRUPT_LATER}continue
print $_thread
`

/** The child's end comes before its maker, which stands still, has returned. */
export const BORROWED = `
catch vfork
continue
set follow-fork-mode child
continue
info inferiors
`

/** The call is under way when gdb begins to catch calls. */
export const MID_VFORK = `
catch vfork
continue
catch syscall
continue
delete
`

/** gdb's call returns to a place without code. */
export const PASSED_FAULT = `
break twice
continue
delete
handle SIGSEGV nostop noprint pass
print twice(21)
`

/** What is written at a breakpoint is read back, is there when the breakpoint is gone, and no trap was written over it. */
export const WRITTEN = `
set breakpoint always-inserted on
break twice
continue
print *(unsigned char *)$pc = 0x12
print *(unsigned char *)$pc
delete
print *(unsigned char *)$pc
`

/** The breakpoint goes with its page. */
export const UNMAPPED = `
tbreak later
continue
finish
break *(char *)0x7e0000000000
print (int)munmap(0x7e0000000000, 4096)
delete
`

/** Line by line, while signals come that gdb does not stop for. */
export const TICKS = `
break ticks
continue
delete
${'next\n'.repeat(40)}
print rounds
`

/** What gdb says of stops and values, without numbers of processes and addresses. */
export function stops(said: string): string[] {
  return said
    .split('\n')
    .filter((line) =>
      /^(\$\d+ =|Catchpoint \d|Breakpoint \d, |Thread .* hit |Hardware .*point \d|Value |Old value|New value)/.test(
        line,
      ),
    )
    .map((line) =>
      line
        .replace(/process \d+|Thread [0-9.a-fx]+ (\(LWP \d+\)|"\w+")/g, 'PROCESS')
        .replace(/0x[0-9a-f]{6,}/g, 'ADDRESS'),
    )
}
