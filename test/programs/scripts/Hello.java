// Says hello, with threads.
public class Hello {
  public static void main(String[] args) throws Exception {
    Thread t = new Thread(() -> System.out.println("from a thread"));
    t.start(); t.join();
    System.out.println("hello " + java.util.stream.IntStream.range(0, 1000).parallel().sum());
    System.exit(3);
  }
}
