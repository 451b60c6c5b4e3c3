#!/bin/sh
# `hadoop.sh namenode` or `hadoop.sh datanode`; `hadoop.sh healthy` asks the one that runs here;
# `hadoop.sh dfs …` is Hadoop's own command line.
set -eu
hadoop() {
    exec java -XX:+UseSerialGC -XX:-UsePerfData "$@"
}
export CLASSPATH='/opt/hadoop/conf:/opt/hadoop/jars/*'
NAMENODE=org.apache.hadoop.hdfs.server.namenode.NameNode
case "$1" in
    namenode)
        if [ ! -e /data/name/current/VERSION ]; then
            # The first start of all; one that was killed half-way formats again.
            (hadoop -Xmx256m "$NAMENODE" -format -nonInteractive -force)
        fi
        : > /tmp/namenode
        hadoop -Xmx512m -XX:+ExitOnOutOfMemoryError "$NAMENODE"
        ;;
    datanode)
        hadoop -Xmx384m -XX:+ExitOnOutOfMemoryError org.apache.hadoop.hdfs.server.datanode.DataNode
        ;;
    dfs)
        shift
        hadoop -Xmx256m org.apache.hadoop.fs.FsShell "$@"
        ;;
    healthy)
        # A NameNode is of use once it is out of safe mode and a DataNode has come; a DataNode, once it
        # serves.
        if [ -e /tmp/namenode ]; then
            state="$(curl -fsS 'http://127.0.0.1:9870/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState')"
            echo "$state" | grep -q '"FSState" : "Operational"'
            echo "$state" | grep -q '"NumLiveDataNodes" : [1-9]'
        else
            curl -fsS -o /dev/null 'http://127.0.0.1:9864/jmx?qry=none'
        fi
        ;;
    *)
        echo "what should run here? namenode, datanode, dfs or healthy" >&2
        exit 1
        ;;
esac
