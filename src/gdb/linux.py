# hv-symbols, hv-modules, hv-dmesg: a Linux kernel in gdb, with KASLR: of a machine (`hv run --kernel --gdb`), or of its core file.
#
#   gdb vmlinux -ex 'target remote :1234' -x linux.py
#
# vmlinux has the kernel's debug symbols. The machine's memory is untrusted: counts are bounded, and names are checked before gdb sees them.

import os
import re
import gdb

BANNER = b"Linux version "
KASLR_STEP = 0x200000  # CONFIG_PHYSICAL_ALIGN, MIN_KIMG_ALIGN: multiples of this
X86_KASLR_RANGE = 1 << 30  # KERNEL_IMAGE_SIZE
MODULES_MAX = 1024
SECTIONS_MAX = 256
RECORDS_MAX = 1 << 20
TEXT_MAX = 1 << 26
WORD = (1 << 64) - 1
SECTION_NAME = re.compile(r"[.\w]+", re.ASCII)


def number(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})"))


def memory(address, length):
    return bytes(gdb.selected_inferior().read_memory(address & WORD, length))


def printable(text):
    return "".join(c if c.isprintable() else "?" for c in text)


def text_of(value, most):
    """A string of the kernel's, `most` bytes at most."""
    raw = memory(int(value.address if value.type.code == gdb.TYPE_CODE_ARRAY else value), most)
    return printable(raw.split(b"\0")[0].decode("utf-8", "replace"))


def requires_types(name):
    try:
        gdb.lookup_type(name)
    except gdb.error:
        raise gdb.GdbError(f"the symbol file does not know {name}: give gdb the vmlinux with debug symbols") from None


def is_at(address):
    try:
        return memory(address, len(BANNER)) == BANNER
    except gdb.error:
        return False


def offsets():
    """What the kernel may have been moved by."""
    yield 0
    if "x86-64" in gdb.selected_inferior().architecture().name():
        yield from range(KASLR_STEP, X86_KASLR_RANGE, KASLR_STEP)
        return
    # The present vectors are at one of these symbols, but for those that a program sees.
    for symbol in ("vectors", "__bp_harden_el1_vectors"):
        for within in range(0, 0x2000, 0x800):
            try:
                yield (number("$vbar_el1") - number(f"&{symbol}") - within) & WORD
            except gdb.error:
                pass
    # A core file has no such register.
    text, end, pc = number("&_stext"), number("&_etext"), number("$pc")
    yield from ((at & WORD) for at in range(pc - text & -KASLR_STEP, pc - end, -KASLR_STEP))


class Symbols(gdb.Command):
    """Find out where KASLR has put the kernel, and move the symbols there."""

    def __init__(self):
        super().__init__("hv-symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        path = gdb.current_progspace().filename
        if path is None:
            raise gdb.GdbError("there are no symbols: file vmlinux")
        # Otherwise gdb reads from the file what a core lacks, and finds the kernel where it is not.
        gdb.execute("exec-file", to_string=True)
        # Where the file has it, whatever was asked for before.
        gdb.execute(f"symbol-file {path}", to_string=True)
        banner = number("&linux_banner")
        offset = next((each for each in offsets() if is_at(banner + each)), None)
        if offset is None:
            raise gdb.GdbError("the kernel is not found: stop it when it has begun, in the kernel, with its own vmlinux")
        if offset:
            gdb.execute(f"symbol-file -o {offset:#x} {path}", to_string=True)
        print(f"the kernel is {offset:#x} above its link address")


def modules():
    requires_types("struct module")
    pointer = gdb.lookup_type("struct module").pointer()
    within = next(f.bitpos // 8 for f in pointer.target().fields() if f.name == "list")
    head = gdb.parse_and_eval("&modules")
    node = head["next"]
    for _ in range(MODULES_MAX):
        if node == head:
            return
        yield gdb.Value(int(node) - within).cast(pointer)
        node = node["next"]


def text_base(module):
    # Before Linux 6.4 all of a module lay together.
    fields = [field.name for field in module.type.target().fields()]
    return int(module["mem"][0]["base"] if "mem" in fields else module["core_layout"]["base"])


def sections(module):
    """Names and addresses, as far as the kernel keeps them (CONFIG_KALLSYMS)."""
    attributes = module["sect_attrs"]
    if int(attributes) == 0 or "nsections" not in [f.name for f in attributes.type.target().fields()]:
        return
    for i in range(min(int(attributes["nsections"]), SECTIONS_MAX)):
        section = attributes["attrs"][i]
        name = text_of(section["battr"]["attr"]["name"], 64)
        if SECTION_NAME.fullmatch(name):
            yield name, int(section["address"])


class Modules(gdb.Command):
    """List the kernel's modules. With a directory: load the symbols of those whose files lie below it, NAME.ko or NAME.ko.debug."""

    def __init__(self):
        super().__init__("hv-modules", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        files = {}
        for folder, _, names in os.walk(os.path.expanduser(argument)) if argument else ():
            for name in names:
                if name.endswith((".ko", ".ko.debug")):
                    files[name.split(".ko")[0].replace("-", "_")] = os.path.join(folder, name)
        for module in modules():
            name, base = text_of(module["name"], 56), text_base(module)
            file = files.pop(name, None)
            print(f"{base:#x} {name}" + (f" {file}" if file else ""))
            if file:
                others = [f"-s {section} {address:#x}" for section, address in sections(module) if section != ".text"]
                try:
                    gdb.execute(f'remove-symbol-file "{file}"', to_string=True)
                except gdb.error:
                    pass  # It is the first time.
                gdb.execute(" ".join([f'add-symbol-file "{file}" {base:#x}', *others]), to_string=True)


class Dmesg(gdb.Command):
    """Print the kernel's log (Linux 5.10 or newer)."""

    def __init__(self):
        super().__init__("hv-dmesg", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        requires_types("struct printk_ringbuffer")
        ring = gdb.parse_and_eval("*prb")
        records, data = ring["desc_ring"], ring["text_data_ring"]
        count, size = 1 << int(records["count_bits"]) % 64, 1 << int(data["size_bits"]) % 64
        if count > RECORDS_MAX or size > TEXT_MAX:
            raise gdb.GdbError("the kernel's log is not as it should be")
        texts = memory(int(data["data"]), size)
        tail, head = (int(records[end]["counter"]) & WORD for end in ("tail_id", "head_id"))
        for i in range(min((head - tail & (WORD >> 2)) + 1, count)):
            at = tail + i & (WORD >> 2)
            record, info = records["descs"][at % count], records["infos"][at % count]
            # The two highest bits: 1 is committed, 2 is final. The others are the record's number.
            state = int(record["state_var"]["counter"]) & WORD
            begin, end = (int(record["text_blk_lpos"][name]) for name in ("begin", "next"))
            # An odd position is of a record without text.
            if state >> 62 not in (1, 2) or state & (WORD >> 2) != at or begin & 1:
                continue
            # A text that does not fit in before the end of the ring is at its beginning.
            begin = 0 if begin // size != (end - 1) // size else begin % size
            text = texts[begin + 8 : begin + 8 + int(info["text_len"])]
            seconds, rest = divmod(int(info["ts_nsec"]), 10**9)
            for line in text.decode("utf-8", "replace").split("\n"):
                print(f"[{seconds:5}.{rest // 1000:06}] {printable(line)}")


Symbols()
Modules()
Dmesg()
