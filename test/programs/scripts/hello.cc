// Says hello, with threads.
#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>
int main() {
  std::vector<int> v{3, 1, 2};
  std::sort(v.begin(), v.end());
  std::thread t([&] { v.push_back(4); });
  t.join();
  for (int i : v) std::cout << i << '\n';
  try { throw std::runtime_error("thrown"); } catch (const std::exception &e) { std::cout << e.what() << '\n'; }
}
