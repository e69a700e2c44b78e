// Says hello, with threads.
package main
import ("fmt"; "os/exec"; "sync")
func main() {
  var wait sync.WaitGroup
  sums := make(chan int, 8)
  for i := 0; i < 8; i++ { wait.Add(1); go func(n int) { defer wait.Done(); s := 0; for j := 0; j < 1000000; j++ { s += j % (n + 1) }; sums <- s }(i) }
  wait.Wait(); close(sums)
  total := 0
  for s := range sums { total += s }
  out, err := exec.Command("/bin/echo", "child").Output()
  fmt.Println(total, string(out), err)
}
