// lua SCRIPT [ARG...]: runs a Lua file with the standard libraries, using Debian's liblua5.4.a. lua.org/manual/5.4, chapter 4.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

// The script's arguments as the global table `arg`; index 0 is the script.
static void push_arguments(lua_State *lua, int argc, char **argv) {
  lua_createtable(lua, argc, 0);
  for (int i = 1; i < argc; i++) {
    lua_pushstring(lua, argv[i]);
    lua_rawseti(lua, -2, i - 1);
  }
  lua_setglobal(lua, "arg");
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: lua SCRIPT [ARG...]\n");
    return 2;
  }
  lua_State *lua = luaL_newstate();
  if (!lua) {
    fprintf(stderr, "lua: not enough memory\n");
    return 1;
  }
  luaL_openlibs(lua);
  push_arguments(lua, argc, argv);
  int failed = luaL_dofile(lua, argv[1]);
  if (failed) fprintf(stderr, "lua: %s\n", lua_tostring(lua, -1));
  lua_close(lua);
  return fflush(stdout) || failed ? 1 : 0;
}
