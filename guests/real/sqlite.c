// sqlite DATABASE SCRIPT: runs the SQL of a file on a database file and prints the rows, using Debian's libsqlite3.a.
// sqlite.org/cintro.html
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_script(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  size_t length = 0, room = 4096;
  char *text = malloc(room);
  while (text) {
    length += fread(text + length, 1, room - length - 1, file);
    if (length < room - 1) break;
    text = realloc(text, room *= 2);
  }
  if (text) text[length] = 0;
  fclose(file);
  return text;
}

static void print_row(sqlite3_stmt *statement) {
  for (int i = 0; i < sqlite3_column_count(statement); i++) {
    const unsigned char *text = sqlite3_column_text(statement, i);
    printf("%s%s", i ? "|" : "", text ? (const char *)text : "NULL");
  }
  printf("\n");
}

// Runs each statement; prints an error as it would a row, and goes on to the next statement: scripts cause some on purpose.
static void run(sqlite3 *database, const char *sql) {
  while (*sql) {
    sqlite3_stmt *statement = 0;
    const char *rest = 0;
    int status = sqlite3_prepare_v2(database, sql, -1, &statement, &rest);
    while (status == SQLITE_OK && statement && (status = sqlite3_step(statement)) == SQLITE_ROW) {
      print_row(statement);
      status = SQLITE_OK;
    }
    if (status != SQLITE_OK && status != SQLITE_DONE) printf("error: %s\n", sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    if (!rest || rest == sql) return;
    sql = rest;
  }
}

int main(int argc, char **argv) {
  sqlite3 *database = 0;
  if (argc != 3) {
    fprintf(stderr, "usage: sqlite DATABASE SCRIPT\n");
    return 2;
  }
  char *script = read_script(argv[2]);
  if (!script) {
    perror(argv[2]);
    return 1;
  }
  if (sqlite3_open(argv[1], &database) != SQLITE_OK) {
    fprintf(stderr, "%s: %s\n", argv[1], sqlite3_errmsg(database));
    return 1;
  }
  run(database, script);
  free(script);
  int closed = sqlite3_close(database);
  return closed != SQLITE_OK || fflush(stdout) ? 1 : 0;
}
