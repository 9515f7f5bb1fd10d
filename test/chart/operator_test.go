package chart

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// TestTheOperatorWorksWithTheFlagsAndPermissionsOfTheChart runs the operator itself, as its account and as its Deployment says, in one of two namespaces.
func TestTheOperatorWorksWithTheFlagsAndPermissionsOfTheChart(t *testing.T) {
	cluster := workloadtest.Start(t)
	for _, in := range []string{"shop", "other"} {
		if err := cluster.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: in}}); err != nil {
			t.Fatal(err)
		}
	}
	values := fmt.Sprintf("{watchNamespaces: [shop], metrics: {secure: true, port: %d}}", freePort(t))
	install(t, cluster, values)
	start := program(t, cluster)
	log, address := operate(t, cluster, start)

	for _, in := range []string{"other", "shop"} {
		canary := &v1alpha1.Canary{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: in},
			Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}},
		}
		workloadtest.Eventually(t, "a Canary can be made", func(ctx context.Context) (bool, error) { return true, cluster.Client.Create(ctx, canary) })
	}
	conditions := func(ctx context.Context, in string) (int, error) {
		canary := &v1alpha1.Canary{}
		err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: in, Name: "web"}, canary)
		return len(canary.Status.Conditions), err
	}
	workloadtest.Eventually(t, "the Canary in the watched namespace is looked at", func(ctx context.Context) (bool, error) {
		n, err := conditions(ctx, "shop")
		return n > 0, err
	})
	// It was made first: an operator that watches its namespace has met it by now.
	if n, err := conditions(t.Context(), "other"); n != 0 || err != nil {
		t.Errorf("the Canary in the other namespace has %d conditions (%v)", n, err)
	}
	metricsAreForReaders(t, cluster, address)
	probed(t, cluster, values, start)
	if said := read(t, log); strings.Contains(said, "forbidden") {
		t.Errorf("the operator lacks a permission:\n%s", said)
	}
}

// metricsAreForReaders asks for the metrics as nobody, as an account without and as one with the chart's role for readers.
func metricsAreForReaders(t *testing.T, cluster *workloadtest.Cluster, address string) {
	t.Helper()
	for _, account := range []string{"reader", "stranger"} {
		if err := cluster.Client.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account, Namespace: "shop"}}); err != nil {
			t.Fatal(err)
		}
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "serin-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "reader", Namespace: "shop"}},
	}
	if err := cluster.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"nobody":       {"", 401},
		"a liar":       {"made-up", 401},
		"a stranger":   {token(t, cluster, "shop", "stranger"), 403},
		"a Prometheus": {token(t, cluster, "shop", "reader"), 200},
	} {
		workloadtest.Eventually(t, name+" gets the answer that is due", func(ctx context.Context) (bool, error) {
			got, err := status(ctx, browser, "https://"+address+"/metrics", c.token)
			if got == 200 && c.want != 200 {
				t.Fatalf("%s reads the metrics", name)
			}
			return got == c.want, err
		})
	}
}

func status(ctx context.Context, by *http.Client, url, bearer string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := by.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func token(t *testing.T, cluster *workloadtest.Cluster, in, account string) string {
	t.Helper()
	answer, err := cluster.Typed.CoreV1().ServiceAccounts(in).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Status.Token
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// program builds the operator and makes what it needs to act as its account. It answers how it is started with arguments of its own.
func program(t *testing.T, cluster *workloadtest.Cluster) func(args ...string) *exec.Cmd {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "serin")
	build := exec.Command("go", "build", "-o", binary, "./cmd")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the operator: %v\n%s", err, out)
	}
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["it"] = &clientcmdapi.Cluster{Server: cluster.Config.Host, CertificateAuthorityData: cluster.Config.CAData}
	kubeconfig.AuthInfos["it"] = &clientcmdapi.AuthInfo{Token: token(t, cluster, namespace, name)}
	kubeconfig.Contexts["it"], kubeconfig.CurrentContext = &clientcmdapi.Context{Cluster: "it", AuthInfo: "it"}, "it"
	if err := clientcmd.WriteToFile(*kubeconfig, filepath.Join(folder, "kubeconfig")); err != nil {
		t.Fatal(err)
	}
	return func(args ...string) *exec.Cmd {
		command := exec.Command(binary, args...)
		command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(folder, "kubeconfig"), "POD_NAMESPACE="+namespace)
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return command
	}
}

// operate starts the operator with the arguments of the installed Deployment. It answers where its log is and where its metrics are.
func operate(t *testing.T, cluster *workloadtest.Cluster, start func(args ...string) *exec.Cmd) (log, metrics string) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, deployment); err != nil {
		t.Fatal(err)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	log = filepath.Join(t.TempDir(), "log")
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	command := start(append(container.Args, "-probe-address=127.0.0.1:0")...)
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = out.Close()
		if t.Failed() {
			t.Logf("the operator said:\n%s", read(t, log))
		}
	})
	return log, fmt.Sprintf("127.0.0.1:%d", container.Ports[0].ContainerPort)
}
