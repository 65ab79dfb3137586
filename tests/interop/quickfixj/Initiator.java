import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import quickfix.Application;
import quickfix.DefaultMessageFactory;
import quickfix.FieldMap;
import quickfix.FieldNotFound;
import quickfix.FileStoreFactory;
import quickfix.Message;
import quickfix.SLF4JLogFactory;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionSettings;
import quickfix.SocketInitiator;

/**
 * A QuickFIX/J initiator that logs on as CME asks, written from CME's description and with nothing
 * of gatepass in it.
 *
 * <p>Arguments: HOST PORT SENDER_COMP_ID TARGET_SUB_ID ACCESS_KEY_ID STATE; the secret key is in the
 * environment. It writes every message (> sent, < received); each line of its input is the ClOrdID
 * of a New Order, or "in-session" for an in-session logon; the end of the input logs out. The exit
 * status is 1 if the Logon was refused.
 */
final class Initiator implements Application {
    private static final int[] IN_HEADER = {34, 49, 50, 52, 57, 142, 369};
    private static final int[] SIGNED = {34, 49, 50, 52, 57, 108, 142, 369, 1603, 1604, 1605};

    private final String accessKeyId;
    private final String secret;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile String role;
    private volatile boolean up;
    private volatile boolean refused;
    private volatile int numberForNextLogon;
    private volatile int expected;

    private Initiator(String accessKeyId, String secret) {
        this.accessKeyId = accessKeyId;
        this.secret = secret;
    }

    @Override
    public void onCreate(SessionID id) {}

    @Override
    public void onLogon(SessionID id) {
        up = true;
        say("* logged on");
    }

    @Override
    public void toAdmin(Message message, SessionID id) {
        follow(message);
        if (type(message).equals("A")) {
            message.removeField(98);
            if (message.isSetField(141) && value(message, 141).equals("Y")) {
                // The engine sets its numbers back when this has returned.
                message.getHeader().setString(34, "1");
                message.getHeader().setString(369, "0");
            }
            message.setString(1603, "QUICKFIXJ");
            message.setString(1604, "3.0");
            message.setString(1605, "TEST");
            message.setString(354, String.valueOf(accessKeyId.length()));
            message.setString(355, accessKeyId);
            message.setString(1400, "CME-1-SHA-256");
            String signature = signature(message);
            message.setString(1401, String.valueOf(signature.length()));
            message.setString(1402, signature);
        }
        show(">", message);
    }

    @Override
    public void toApp(Message message, SessionID id) {
        follow(message);
        show(">", message);
    }

    @Override
    public void fromAdmin(Message message, SessionID id) {
        show("<", message);
        if (type(message).equals("A")) {
            role = value(message.getHeader(), 56);
        }
        if (type(message).equals("5") && !up) {
            refused = true;
            int next = Session.lookupSession(id).getExpectedTargetNum();
            // In mid-week the refusal has a number like any message; otherwise it is 1, uncounted.
            int number = Integer.parseInt(value(message.getHeader(), 34));
            expected = number > 1 && number == next ? next + 1 : next;
            numberForNextLogon = message.isSetField(789) ? Integer.parseInt(value(message, 789)) : 0;
        }
    }

    @Override
    public void fromApp(Message message, SessionID id) {
        show("<", message);
    }

    @Override
    public void onLogout(SessionID id) {
        say("* logged out");
        ended.countDown();
    }

    /** Names the sender as the exchange does since its Logon. */
    private void follow(Message message) {
        if (role != null) {
            message.getHeader().setString(49, role);
        }
    }

    private String signature(Message message) {
        List<String> values = new ArrayList<>();
        for (int tag : SIGNED) {
            values.add(value(inHeader(tag) ? message.getHeader() : message, tag));
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getUrlDecoder().decode(secret), "HmacSHA256"));
            byte[] canonical = String.join("\n", values).getBytes(StandardCharsets.US_ASCII);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal(canonical));
        } catch (java.security.GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    private static boolean inHeader(int wanted) {
        for (int tag : IN_HEADER) {
            if (tag == wanted) {
                return true;
            }
        }
        return false;
    }

    private static String type(Message message) {
        return value(message.getHeader(), 35);
    }

    private static String value(FieldMap fields, int tag) {
        try {
            return fields.getString(tag);
        } catch (FieldNotFound error) {
            throw new IllegalStateException("tag " + tag + " is missing", error);
        }
    }

    private static void show(String direction, Message message) {
        say(direction + " " + message.toString().replace('\u0001', '|'));
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Does what each line of the input says and logs out at its end. */
    private static void sendLines(SessionID id) {
        try {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                Message message = new Message();
                if (line.equals("in-session")) {
                    message.getHeader().setString(35, "A");
                    message.setString(108, "30");
                    message.setString(141, "Y");
                } else {
                    message.getHeader().setString(35, "D");
                    message.setString(11, line);
                }
                Session.sendToTarget(message, id);
            }
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
        Session.lookupSession(id).logout();
    }

    public static void main(String[] arguments) throws Exception {
        String[][] values = {
            {"ConnectionType", "initiator"},
            {"SocketConnectHost", arguments[0]},
            {"SocketConnectPort", arguments[1]},
            {"SenderSubID", "OPERATOR2"},
            {"SenderLocationID", "US,IL"},
            {"TargetSubID", arguments[3]},
            {"HeartBtInt", "30"},
            {"ReconnectInterval", "15"},
            {"NonStopSession", "Y"},
            {"UseDataDictionary", "N"},
            {"CheckCompID", "N"},
            {"EnableLastMsgSeqNumProcessed", "Y"},
            {"FileStorePath", arguments[5]},
        };
        SessionID id =
                new SessionID(
                        "FIX.4.2", arguments[2], "OPERATOR2", "US,IL", "CME", arguments[3], "", "");
        SessionSettings settings = new SessionSettings();
        for (String[] value : values) {
            settings.setString(id, value[0], value[1]);
        }
        Initiator application = new Initiator(arguments[4], System.getenv("GATEPASS_TEST_SECRET"));
        SocketInitiator initiator =
                new SocketInitiator(
                        application,
                        new FileStoreFactory(settings),
                        settings,
                        new SLF4JLogFactory(settings),
                        new DefaultMessageFactory());
        initiator.start();
        Thread reader = new Thread(() -> sendLines(id));
        reader.setDaemon(true);
        reader.start();
        application.ended.await();
        if (application.refused && application.numberForNextLogon > 0) {
            // After the engine's own counting: its answer to the refusal uses no number.
            Session session = Session.lookupSession(id);
            session.setNextSenderMsgSeqNum(application.numberForNextLogon);
            session.setNextTargetMsgSeqNum(application.expected);
        }
        initiator.stop(true);
        System.exit(application.refused ? 1 : 0);
    }
}
