// What linux.py reads of a kernel, made by hand: a log whose ring has wrapped, and a list of modules without an end.

#include <stdlib.h>
#include <string.h>

struct list_head {
  struct list_head *next, *prev;
};
struct attribute {
  const char *name;
};
struct module_sect_attrs {
  unsigned nsections;
  struct {
    struct {
      struct attribute attr;
    } battr;
    unsigned long address;
  } attrs[3];
};
struct module {
  struct list_head list;
  char name[56];
  struct {
    void *base;
  } mem[1];
  struct module_sect_attrs *sect_attrs;
};
struct record {
  struct {
    long counter;
  } state_var;
  struct {
    unsigned long begin, next;
  } text_blk_lpos;
};
struct info {
  unsigned long ts_nsec;
  unsigned short text_len;
};
struct printk_ringbuffer {
  struct {
    unsigned count_bits;
    struct record *descs;
    struct info *infos;
    struct {
      long counter;
    } head_id, tail_id;
  } desc_ring;
  struct {
    unsigned size_bits;
    char *data;
  } text_data_ring;
};

char linux_banner[] = "Linux version 6.12.1";
struct list_head modules;
char text_name[] = ".text", data_name[] = ".data", command_name[] = ".x 0\nshell touch injected";
struct module_sect_attrs sections = {
    3, {{{{text_name}}, 0x1000}, {{{data_name}}, 0x2000}, {{{command_name}}, 0x3000}}};
struct module module = {{&module.list, &modules}, "a_module", {{(void *)0x1000}}, &sections};

#define FINAL(id) ((long)(2UL << 62 | (id)))
// Records 5 to 8 in four places: 8 is at the beginning of the ring, 6 has no text, and 7 is being written.
struct record records[4] = {{{FINAL(8)}, {0x78, 0x98}},
                            {{FINAL(5)}, {0x40, 0x58}},
                            {{FINAL(6)}, {1, 1}},
                            {{7}, {0x58, 0x78}}};
struct info infos[4] = {{2000001000, 12}, {1500000000, 9}, {0, 0}, {0, 9}};
char texts[128];
struct printk_ringbuffer ring = {{2, records, infos, {8}, {5}}, {7, texts}}, *prb = &ring;

int main(void) {
  modules.next = &module.list;
  memcpy(texts + 0x40 + 8, "one\033\ntwo.", 9);
  memcpy(texts + 8, "at the start", 12);
  abort();
}
