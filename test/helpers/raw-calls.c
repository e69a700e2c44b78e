// raw-calls.c: a Node addon with one function, call(number, ...arguments): a system call, as code that has broken into hv makes it.
// Arguments are numbers or strings; the answer is the result, or a negative errno. Without Node's headers: the few names that it needs.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

typedef void *napi_env, *napi_value, *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_int64(napi_env, napi_value, int64_t *);
int napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
int napi_create_int64(napi_env, int64_t, napi_value *);
int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);

enum { MAX_ARGUMENTS = 7, MAX_TEXT = 256 };

static napi_value call(napi_env env, napi_callback_info info) {
  static char texts[MAX_ARGUMENTS][MAX_TEXT];
  napi_value given[MAX_ARGUMENTS] = {0}, answer = NULL;
  size_t count = MAX_ARGUMENTS, length;
  int64_t words[MAX_ARGUMENTS] = {0};
  napi_get_cb_info(env, info, &count, given, NULL, NULL);
  for (size_t at = 0; at < count && at < MAX_ARGUMENTS; at++)
    if (napi_get_value_int64(env, given[at], &words[at]) != 0) {
      napi_get_value_string_utf8(env, given[at], texts[at], MAX_TEXT, &length);
      words[at] = (int64_t)(intptr_t)texts[at];
    }
  long result = syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
  napi_create_int64(env, result < 0 ? -errno : result, &answer);
  return answer;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  (void)exports;
  napi_value function = NULL;
  napi_create_function(env, "call", (size_t)-1, call, NULL, &function);
  return function;
}
