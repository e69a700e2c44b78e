// com.sun.net.httpserver with java.net.http, NIO channels and datagrams.
import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.util.concurrent.*;
import java.util.stream.*;

class Server {
  public static void main(String[] args) throws Exception {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    server.createContext("/", exchange -> {
      var size = exchange.getRequestBody().readAllBytes().length;
      var text = (exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + size).getBytes();
      exchange.sendResponseHeaders(200, text.length);
      exchange.getResponseBody().write(text);
      exchange.close();
    });
    var pool = Executors.newFixedThreadPool(4);
    server.setExecutor(pool);
    server.start();
    var url = "http://127.0.0.1:" + server.getAddress().getPort();
    try (var client = HttpClient.newHttpClient()) {
      var answers = IntStream.range(0, 40)
        .mapToObj(i -> client.sendAsync(HttpRequest.newBuilder(URI.create(url + "/" + i)).build(), HttpResponse.BodyHandlers.ofString()))
        .toList();
      System.out.println(answers.stream().map(answer -> answer.join().body()).collect(Collectors.joining(",")).hashCode());
      var post = HttpRequest.newBuilder(URI.create(url + "/post")).POST(HttpRequest.BodyPublishers.ofByteArray(new byte[1 << 20])).build();
      System.out.println(client.send(post, HttpResponse.BodyHandlers.ofString()).body());
    }
    server.stop(0);
    pool.shutdown();
    try (var refused = new Socket()) {
      refused.connect(server.getAddress());
    } catch (ConnectException error) {
      System.out.println(error.getMessage());
    }

    var listener = ServerSocketChannel.open().bind(new InetSocketAddress("::1", 0));
    listener.configureBlocking(false);
    var selector = Selector.open();
    listener.register(selector, SelectionKey.OP_ACCEPT);
    var socket = SocketChannel.open(listener.getLocalAddress());
    selector.select(30_000);
    var accepted = listener.accept();
    accepted.write(ByteBuffer.wrap("channel".getBytes()));
    accepted.shutdownOutput();
    var buffer = ByteBuffer.allocate(99);
    while (socket.read(buffer) >= 0) {}
    System.out.println(new String(buffer.array(), 0, buffer.position()));

    try (var left = new DatagramSocket(0, InetAddress.getLoopbackAddress()); var right = new DatagramSocket()) {
      right.setSoTimeout(30_000);
      left.send(new DatagramPacket("datagram".getBytes(), 8, InetAddress.getLoopbackAddress(), right.getLocalPort()));
      var packet = new DatagramPacket(new byte[99], 99);
      right.receive(packet);
      System.out.println(packet.getLength() + " " + (packet.getPort() == left.getLocalPort()));
    }
  }
}
